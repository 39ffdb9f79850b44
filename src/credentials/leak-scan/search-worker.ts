/** The thread of one search: walking a large tree and reading its files would keep the service from everything else. */
import { parentPort, workerData } from 'node:worker_threads';
import { type SearchRoot, searchTrees } from './search-tree.ts';

const { roots, values, limit } = workerData as { roots: SearchRoot[]; values: string[]; limit: number };
searchTrees(roots, values, limit, (progress) => parentPort?.postMessage(progress));
