import { describe, expect, test } from 'vitest';
import { readUpstream } from '../../src/egress/proxy/upstream.ts';

describe('the proxy of the host’s own network', () => {
  test('the proxy of the host’s own network is what HTTPS_PROXY names, in lower case first, with or without a scheme', () => {
    const read = (environment: Record<string, string>): string | undefined =>
      readUpstream(environment).upstream.upstreamProxy?.href;
    expect(read({ HTTPS_PROXY: 'http://a:3128' })).toBe('http://a:3128/');
    expect(read({ HTTPS_PROXY: 'http://a:3128', https_proxy: 'https://u:p@b' })).toBe('https://u:p@b/');
    expect(read({ HTTPS_PROXY: 'http://a:3128', https_proxy: '' })).toBe('http://a:3128/');
    expect(read({ https_proxy: ' proxy.corp:8080 ' })).toBe('http://proxy.corp:8080/');
    expect(read({ HTTPS_PROXY: '[fd00::1]:8080' })).toBe('http://[fd00::1]:8080/');
  });

  test('the proxy of the host’s own network is none without one, whatever NO_PROXY and HTTP_PROXY say', () => {
    for (const environment of [{}, { HTTPS_PROXY: ' ' }, { HTTP_PROXY: 'http://a:1', NO_PROXY: '*' }])
      expect(readUpstream(environment)).toEqual({ upstream: {}, isUnusable: false });
  });

  test('the proxy of the host’s own network is told to be unusable where it is no address of an HTTP proxy', () => {
    for (const HTTPS_PROXY of ['socks5://a:1080', 'http://', 'http://a:99999', 'a b', 'http://%zz:p@a'])
      expect([HTTPS_PROXY, readUpstream({ HTTPS_PROXY })]).toEqual([
        HTTPS_PROXY,
        { upstream: {}, isUnusable: true },
      ]);
  });
});

describe('NO_PROXY', () => {
  function isDirect(NO_PROXY: string, host: string, port = 443): boolean | undefined {
    return readUpstream({ HTTPS_PROXY: 'http://a:1', NO_PROXY }).upstream.isDirect?.(host, port);
  }

  test('covers a host and all names below it, and nothing that only ends alike', () => {
    for (const word of [
      'example.org',
      '.example.org',
      '*.example.org',
      'EXAMPLE.org.',
      'x, example.org  y',
    ]) {
      expect([word, isDirect(word, 'example.org')]).toEqual([word, true]);
      expect([word, isDirect(word, 'a.b.example.org')]).toEqual([word, true]);
      expect([word, isDirect(word, 'badexample.org')]).toEqual([word, false]);
      expect([word, isDirect(word, 'example.org.evil.com')]).toEqual([word, false]);
    }
  });

  test('NO_PROXY may name a port, or with a star everything; other words match nothing', () => {
    expect(isDirect('example.org:8443', 'example.org', 8443)).toBe(true);
    expect(isDirect('example.org:8443', 'example.org', 443)).toBe(false);
    expect(isDirect('a, *', 'example.org')).toBe(true);
    for (const word of ['', ',', '.', '*.', '10.0.0.0/8', 'example.org:x', '::1', '[::1]'])
      expect([word, isDirect(word, 'example.org')]).toEqual([word, false]);
  });
});
