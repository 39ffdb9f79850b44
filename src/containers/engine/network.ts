import type { NetworkInspectInfo } from 'dockerode';
import { networkMissing, networkNotIsolated } from '../errors.ts';
import { NETWORK_NAME } from '../hardening.ts';
import { type CallEngine, fieldOf } from './engine-call.ts';

/** The bridge's option for traffic between its containers: https://docs.docker.com/engine/network/drivers/bridge/#options */
const BETWEEN_CONTAINERS = 'com.docker.network.bridge.enable_icc';

/** Gives `ensureNetwork`, which callers at the same time share: an engine makes two networks of one name for two requests at once. */
export function networkMaker(call: CallEngine): () => Promise<void> {
  let making: Promise<void> | undefined;
  return async () => {
    making ??= ensureNetwork(call).finally(() => {
      making = undefined;
    });
    await making;
  };
}

/** Makes the bridge of open networks unless it is there; all installations of an engine share it. Throws `network_not_isolated`. */
async function ensureNetwork(call: CallEngine): Promise<void> {
  const found = await findNetwork(call);
  if (found && !isIsolated(found)) throw networkNotIsolated(NETWORK_NAME);
  if (!found) await makeNetwork(call);
}

function isIsolated({ Driver, Options }: NetworkInspectInfo): boolean {
  return Driver === 'bridge' && Options?.[BETWEEN_CONTAINERS] === 'false';
}

async function findNetwork(call: CallEngine): Promise<NetworkInspectInfo | undefined> {
  const found = { what: `describe the network ${NETWORK_NAME}`, answers: { 404: undefined } };
  return await call<NetworkInspectInfo | undefined>(found, async (docker) => {
    const network = await docker.getNetwork(NETWORK_NAME).inspect();
    fieldOf(network, 'Driver', 'string');
    return network;
  });
}

/** A conflict means that another service has just made it. */
async function makeNetwork(call: CallEngine): Promise<void> {
  const made = { what: `make the network ${NETWORK_NAME}`, answers: { 409: undefined } };
  await call<void>(made, async (docker, abortSignal) => {
    await docker.createNetwork({
      Name: NETWORK_NAME,
      Driver: 'bridge',
      CheckDuplicate: true,
      Options: { [BETWEEN_CONTAINERS]: 'false' },
      abortSignal,
    });
  });
}

/** Whether a network of the policy is there. Throws `network_missing`. */
export async function checkNetwork(call: CallEngine, name: string): Promise<void> {
  const errors = { 404: (_words: string, cause: unknown) => networkMissing(name, cause) };
  await call({ what: `describe the network ${name}`, errors }, async (docker) => {
    fieldOf(await docker.getNetwork(name).inspect(), 'Id', 'string');
  });
}
