import { watchUnhandled } from './unhandled.ts';

watchUnhandled();
