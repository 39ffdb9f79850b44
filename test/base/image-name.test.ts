import { expect, test } from 'vitest';
import { imageNameIssue, parseImageName } from '../../src/base/image-name.ts';

const HEX = 'a'.repeat(64);

test.each([
  ['debian', { domain: undefined, path: 'library/debian', tag: undefined, digest: undefined }],
  ['debian:12', { domain: undefined, path: 'library/debian', tag: '12', digest: undefined }],
  ['docker.io/debian', { domain: 'docker.io', path: 'library/debian', tag: undefined, digest: undefined }],
  ['github-flows-agent-codex:latest', { path: 'library/github-flows-agent-codex', tag: 'latest' }],
  ['acme/agent_x', { domain: undefined, path: 'acme/agent_x' }],
  ['a__b/c-d/e.f', { path: 'a__b/c-d/e.f' }],
  ['a---b', { path: 'library/a---b' }],
  ['ghcr.io/acme/agent:V1.2_x-y', { domain: 'ghcr.io', path: 'acme/agent', tag: 'V1.2_x-y' }],
  ['localhost/x', { domain: 'localhost', path: 'x' }],
  ['localhost:5000/x', { domain: 'localhost:5000', path: 'x' }],
  ['REGISTRY.example/team/x', { domain: 'REGISTRY.example', path: 'team/x' }],
  ['my-host:5000/a/b:t', { domain: 'my-host:5000', path: 'a/b', tag: 't' }],
  ['[2001:db8::1]:5000/a', { domain: '[2001:db8::1]:5000', path: 'a' }],
  [`a@sha256:${HEX}`, { path: 'library/a', tag: undefined, digest: `sha256:${HEX}` }],
  [`a:b@sha256:${HEX}`, { tag: 'b', digest: `sha256:${HEX}` }],
  [`a@sha512:${HEX}${HEX}`, { digest: `sha512:${HEX}${HEX}` }],
  [`sha256:${HEX}`, { path: 'library/sha256', tag: HEX }],
  [`${'a'.repeat(127)}/${'b'.repeat(127)}`, {}],
  [`a:${'t'.repeat(128)}`, {}],
  ['abc123', {}],
])('%s is a name', (text, parts) => {
  expect(parseImageName(text)).toMatchObject(parts);
});

test.each([
  ['', 'is empty'],
  ['ghcr.io/acme/', 'empty'],
  ['ghcr.io//x/y', 'empty'],
  ['http://ghcr.io/x/y', 'registry'],
  ['https://ghcr.io/x', 'registry'],
  ['a//b', 'empty'],
  ['/a', 'empty'],
  ['a/', 'empty'],
  ['/', 'empty'],
  ['x/../y', 'part'],
  ['x/./y', 'part'],
  ['..', 'part'],
  ['./x', 'registry'],
  ['../x', 'registry'],
  ['.', 'part'],
  ['a..b', 'part'],
  ['a___b', 'part'],
  ['a._b', 'part'],
  ['-a', 'part'],
  ['a-', 'part'],
  ['_a', 'part'],
  ['Acme', 'upper-case'],
  ['Acme/x', 'upper-case'],
  ['ghcr.io/Acme/x', 'upper-case'],
  ['acme/Agent:1', 'upper-case'],
  ['a:', 'tag'],
  ['a:b:c', 'tag'],
  ['a:-x', 'tag'],
  ['a:.x', 'tag'],
  [`a:${'t'.repeat(129)}`, 'tag'],
  ['host:port/x', 'registry'],
  ['host:/x', 'registry'],
  [':5000/x', 'registry'],
  ['-host.com/x', 'registry'],
  ['host-.com/x', 'registry'],
  ['ho_st.com/x', 'registry'],
  ['[::1/x', 'registry'],
  ['user@host/x', 'digest'],
  ['a@', 'digest'],
  ['a@sha256:abc', 'digest'],
  [`a@sha256:${HEX.toUpperCase()}`, 'digest'],
  [`a@md5:${HEX}`, 'digest'],
  [`a@constructor:${HEX}`, 'digest'],
  [`a@sha256:${HEX}@sha256:${HEX}`, 'digest'],
  [`@sha256:${HEX}`, 'empty'],
  [HEX, 'bare id'],
  ['a b', 'part'],
  ['a\n', 'part'],
  ['a:b\n', 'tag'],
  ['a%2fb', 'part'],
  ['a?x', 'part'],
  ['a#x', 'part'],
  ['a\\b', 'part'],
  ['é', 'part'],
  ['--privileged', 'part'],
  ['a'.repeat(256), 'more than 255'],
  ['a'.repeat(100_000), 'longer than'],
])('%j is no name', (text, why) => {
  expect(imageNameIssue(text)).toContain(why);
});

test('no text makes the reading slow', () => {
  for (const text of [
    'a-'.repeat(499),
    'a.'.repeat(499),
    `${'a-'.repeat(400)}/x`,
    `${'a.'.repeat(400)}!/x`,
  ]) {
    const before = performance.now();
    imageNameIssue(text);
    expect(performance.now() - before).toBeLessThan(2_000);
  }
});
