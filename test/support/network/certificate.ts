import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A key and a certificate that vouches for itself, in PEM; whoever trusts the certificate trusts the server. */
export type Certificate = { key: string; cert: string };

const SEQUENCE = 0x30;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
/** ecdsa-with-SHA256, commonName, subjectAltName: https://oid-base.com */
const OID = { ecdsaSha256: '06082a8648ce3d040302', commonName: '0603550403', altName: '0603551d11' } as const;

/** A certificate for these DNS names, good for a day either way: https://www.rfc-editor.org/rfc/rfc5280#section-4.1 */
export function selfSigned(...names: [string, ...string[]]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, hex(OID.ecdsaSha256));
  const name = der(SEQUENCE, der(0x31, der(SEQUENCE, hex(OID.commonName), der(0x0c, Buffer.from(names[0])))));
  const altNames = der(SEQUENCE, ...names.map((each) => der(DNS_NAME, Buffer.from(each))));
  const body = der(
    SEQUENCE,
    hex('a003020102'),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    der(SEQUENCE, time(-1), time(1)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXTENSIONS, der(SEQUENCE, der(SEQUENCE, hex(OID.altName), der(0x04, altNames)))),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]);
  const certificate = der(SEQUENCE, body, algorithm, der(0x03, signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function time(days: number): Buffer {
  const date = new Date(Date.now() + days * 86_400_000);
  return der(0x17, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

/** One value of DER: tag, length, content. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
