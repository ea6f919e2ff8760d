import { BlockList, isIP } from 'node:net';

/** Networks that are not public (IANA's registries of special-purpose addresses), multicast included. */
const SPECIAL_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
/** Public IPv6 addresses are in `2000::/3`. These networks in it are not, or lead to IPv4 addresses. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
const PUBLIC_IPV6 = ['2000::/3'];

function blockList(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const specialIpv4 = blockList(SPECIAL_IPV4, 'ipv4');
const specialIpv6 = blockList(SPECIAL_IPV6, 'ipv6');
const publicIpv6 = blockList(PUBLIC_IPV6, 'ipv6');

/**
 * Whether an address is one of the public internet. An IPv6 address that contains an IPv4 address (`::ffff:10.0.0.1`) is
 * never public, because no server has such an address.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !specialIpv4.check(address, 'ipv4');
  return (
    isIP(address) === 6 && publicIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6')
  );
}

/** The address in the host of a URL; undefined when the host is a name. */
export function addressIn({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? undefined : bare;
}

/** Characters that the URL of a webhook may have. */
export const URL_LENGTH_MAX = 2_000;

/**
 * What is wrong with the URL of a webhook, in words that follow the name of the field; undefined when it can be used.
 * The address of a name is checked at each connection.
 */
export function urlFaultOf(text: string, allowsPrivate: boolean): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL, such as https://example.org/opd';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(allowsPrivate && url.protocol === 'http:'))
    return 'must begin with https://';
  if (url.username !== '' || url.password !== '') return 'must have no user name or password';
  if (url.hash !== '') return 'must have no fragment (#)';
  const address = addressIn(url);
  if (address !== undefined && !allowsPrivate && !isPublicAddress(address))
    return 'must lead to a public address: the setting WEBHOOK_ALLOW_PRIVATE allows others';
  return undefined;
}
