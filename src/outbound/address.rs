//! Which addresses belong to the public internet: a pure function over the IANA special-purpose registries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `address` is one that any machine on the internet would reach the same way.
///
/// Everything that could be this machine, its network, its cloud's control plane or nobody is not:
/// loopback, private, link-local, shared, documentation, benchmarking, multicast, reserved, and IPv6
/// forms that carry such an IPv4 address inside.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let refused = match address.octets() {
        [0 | 10 | 127, ..] => true,
        [100, 64..=127, ..] => true, // shared by carriers (RFC 6598)
        [169, 254, ..] => true,      // link-local, cloud metadata
        [172, 16..=31, ..] | [192, 168, ..] => true, // private (RFC 1918)
        [192, 0, 0, _] | [192, 88, 99, _] => true, // protocol assignments, 6to4 relays
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => true, // documentation
        [198, 18 | 19, ..] => true,  // benchmarking
        [168, 63, 129, 16] => true,  // control plane of Azure machines
        [224..=255, ..] => true,     // multicast, reserved, broadcast
        _ => false,
    };
    !refused
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, high, low] = address.segments();
    match (a, b) {
        // Translation to IPv4 (RFC 6052): as public as the address inside. Networks without IPv4 reach
        // every IPv4-only server this way, so that refusing the prefix would cut them off.
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] => {
            let [h1, h2] = high.to_be_bytes();
            let [l1, l2] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(h1, h2, l1, l2))
        }
        (0x2001, 0..=0x1ff) => false, // protocol assignments, Teredo, benchmarking
        (0x2001, 0xdb8) => false,     // documentation
        (0x2002, _) => false,         // 6to4 carries any IPv4 address
        (0x3fff, 0..=0xfff) => false, // documentation
        // Everything else outside the one block that is given out: loopback, unspecified,
        // IPv4-compatible, local translation, discard, unique local, link-local, multicast.
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: &str = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 \
        127.0.0.1 127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 \
        192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 \
        203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
        :: ::1 ::7f00:1 ::a00:1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 \
        ::ffff:0:7f00:1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::10.0.0.1 64:ff9b:1::1 64:ff9b:1::808:808 \
        64:ff9b::1:0:808:808 100::1 100:0:0:1::1 2001::1 2001:0:53aa:64c:0:0:0:1 2001:2::1 2001:10::1 2001:20::1 \
        2001:1ff:ffff::1 2001:db8::1 2001:db8:ffff::1 2002:7f00:1::1 2002:a9fe:a9fe:: 2002:808:808::1 3fff::1 \
        3fff:fff::1 5f00::1 4000::1 fc00::1 fd00::1 fd00:ec2::254 fdff:ffff::1 fe80::1 fe80::a9fe:a9fe febf::1 \
        fec0::1 ff02::1 ff0e::1 1fff:ffff::1";

    const PUBLIC: &str = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 \
        128.0.0.1 168.63.129.15 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.1 \
        192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.1 203.0.112.1 223.255.255.255 \
        ::ffff:8.8.8.8 64:ff9b::808:808 2000::1 2001:200::1 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1 \
        2606:4700:4700::1111 2a00:1450:4001::1 3ffe::1 3fff:1000::1";

    #[test]
    fn inside_addresses_are_not_public() {
        for address in INSIDE.split_whitespace() {
            assert!(!is_public(address.parse().expect(address)), "{address}");
        }
    }

    #[test]
    fn neighbours_of_inside_networks_are_public() {
        for address in PUBLIC.split_whitespace() {
            assert!(is_public(address.parse().expect(address)), "{address}");
        }
    }

    #[test]
    fn every_inside_v4_address_stays_inside_when_v6_carries_it() {
        for address in INSIDE
            .split_whitespace()
            .filter_map(|a| a.parse::<Ipv4Addr>().ok())
        {
            let [a, b, c, d] = address.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            for carried in [
                address.to_ipv6_mapped(),
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            ] {
                assert!(!is_public(carried.into()), "{carried}");
            }
        }
    }
}
