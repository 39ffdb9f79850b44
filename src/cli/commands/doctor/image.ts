import type { Problem } from '../../../base/errors.ts';
import type { Owner } from '../../../base/files.ts';
import type { Engine } from '../../../containers/engine/docker.ts';

/** An image: its user, the origin of its gh, and problems. */
type ImageReport = { detail: string; problems: Problem[] };

/** Inspects an image that this repository builds. Throws `image_missing` and the engine's codes. */
export async function reportImage(
  engine: Pick<Engine, 'inspectImage'>,
  name: string,
  runAs: Owner,
): Promise<ImageReport> {
  const { labels } = await engine.inspectImage(name);
  const user = labels['github-flows.user'] ?? 'unknown';
  const wanted = `${runAs.uid}:${runAs.gid}`;
  return {
    detail: `${name}, user ${user}, gh ${labels['github-flows.gh'] ?? 'unknown'}`,
    problems: user === wanted ? [] : [userDiffers(name, user, wanted)],
  };
}

function userDiffers(image: string, user: string, wanted: string): Problem {
  return {
    code: 'image_user_differs',
    message: `${image} was built for the user ${user}, but agents run as ${wanted}, which has no name and no home directory in it.`,
    hint: `Rebuild it for that user: RUN_AS=${wanted} npm run images`,
  };
}
