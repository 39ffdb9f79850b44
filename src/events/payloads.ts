import type { EmitterWebhookEvent, EmitterWebhookEventName } from '@octokit/webhooks';

/** Every event that GitHub's own library knows; a delivery may name others, which are read all the same. */
export type EventName = Exclude<EmitterWebhookEventName, `${string}.${string}`>;

/** What GitHub's own library says of an event's payload. What arrives is read by `Fields`, which believes none of it. */
export type PayloadOf<Name extends EventName> = EmitterWebhookEvent<Name>['payload'];
