//! Identifiers of computers: addresses, hashes, UUIDs, passwords.

use crate::draws::Draws;

use super::numbered::{MOST, drawn, numbered, push_number};
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &[
    "iana_id",
    "ipv4",
    "ipv4_network_class",
    "ipv4_private",
    "ipv4_public",
    "ipv6",
    "mac_address",
    "md5",
    "password",
    "sha1",
    "sha256",
    "uuid4",
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    match site.name {
        "mac_address" => {
            let multicast = u8::from(site.arguments.boolean("multicast")?.unwrap_or(false));
            // 47 bits, and the lowest bit of the first octet, which is the group bit of IEEE 802.
            numbered(site, 1 << 47, 17, move |number, _, text| {
                let number =
                    (number & ((1 << 40) - 1)) | ((number >> 40) << 41) | (u64::from(multicast) << 40);
                for at in (0..6).rev() {
                    push_hex(number >> (8 * at), 2, text);
                    if at > 0 {
                        text.push(':');
                    }
                }
            })
        }
        "uuid4" => uuid(site),
        "md5" => digest(site, 32),
        "sha1" => digest(site, 40),
        "sha256" => digest(site, 64),
        "ipv6" => {
            let network = site.arguments.boolean("network")?.unwrap_or(false);
            ipv6(site, network)
        }
        "password" => password(site),
        "iana_id" => numbered(site, 8_888_888, 7, |number, _, text| push_number(number + 1, 1, text)),
        _ => ipv4(site),
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends the lowest `digits` hexadecimal digits.
fn push_hex(number: u64, digits: u32, text: &mut String) {
    for at in (0..digits).rev() {
        text.push(char::from(HEX[(number >> (4 * at) & 0xF) as usize]));
    }
}

/// Version 4 of RFC 9562: 122 random bits, lower-case.
fn uuid(site: &Site<'_>) -> Resolved {
    if let Some((_, argument)) = site.arguments.get("cast_to")
        && argument.source != "str"
        && argument.constant != Some(millstream_expr::Constant::None)
    {
        return Err(site.arguments.error(
            "cast_to",
            "UUIDs are texts here",
            "leave it out, or write `cast_to=str`",
        ));
    }
    numbered(site, MOST, 36, |number, draws, text| {
        let low = (draws.bits() & !(0b11 << 62)) | (0b10 << 62);
        push_hex(number >> 28, 8, text);
        text.push('-');
        push_hex(number >> 12, 4, text);
        text.push_str("-4");
        push_hex(number, 3, text);
        text.push('-');
        push_hex(low >> 48, 4, text);
        text.push('-');
        push_hex(low, 12, text);
    })
}

/// As many hexadecimal digits: Faker's digests are those of random bytes, which no one can tell from random digits.
fn digest(site: &Site<'_>, digits: u32) -> Resolved {
    if site.arguments.boolean("raw_output")? == Some(true) {
        return Err(site.arguments.error("raw_output", "digests are texts here", "leave it out"));
    }
    numbered(site, MOST, digits as usize, move |number, draws, text| {
        let mut digits = digits - 15;
        while digits > 0 {
            let some = digits.min(16);
            push_hex(draws.bits(), some, text);
            digits -= some;
        }
        push_hex(number, 15, text);
    })
}

/// Eight groups of 16 bits, without leading zeros and without `::`, or the first four with `::/` and a length.
fn ipv6(site: &Site<'_>, network: bool) -> Resolved {
    if network {
        return numbered(site, MOST, 43, |number, _, text| {
            push_groups(
                &[number >> 48, number >> 32, number >> 16, number].map(|group| group & 0xFFFF),
                text,
            );
            text.push_str("::/64");
        });
    }
    numbered(site, MOST, 39, |number, draws, text| {
        let high = draws.bits();
        let low = (number & (MOST - 1)) | (draws.bits() & !(MOST - 1));
        let groups = [high >> 48, high >> 32, high >> 16, high, low >> 48, low >> 32, low >> 16, low];
        push_groups(&groups.map(|group| group & 0xFFFF), text);
    })
}

fn push_groups(groups: &[u64], text: &mut String) {
    use std::fmt::Write;
    for (at, group) in groups.iter().enumerate() {
        let _ = write!(text, "{}{group:x}", if at > 0 { ":" } else { "" });
    }
}

/// At least one character of each kind that is asked for, the rest from all of them.
fn password(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    let length = arguments.integer_in("length", 10, 1, 1000)? as usize;
    let mut kinds: Vec<&'static [u8]> = Vec::new();
    for (parameter, kind) in [
        ("special_chars", &b"!@#$%^&*()_+"[..]),
        ("digits", b"0123456789"),
        ("upper_case", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("lower_case", b"abcdefghijklmnopqrstuvwxyz"),
    ] {
        if arguments.boolean(parameter)?.unwrap_or(true) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() || kinds.len() > length {
        return Err(
            arguments.wrong("length", "a password needs a character of each kind, and at least one kind")
        );
    }
    let all: Vec<u8> = kinds.concat();
    drawn(site, length, move |draws, text| {
        // A place for each kind, all different: those that are taken are stepped over.
        let mut places = [usize::MAX; 4];
        for at in 0..kinds.len() {
            let mut place = draws.below((length - at) as u64) as usize;
            let mut taken: [usize; 4] = places;
            taken.sort_unstable();
            for other in taken.into_iter().filter(|other| *other != usize::MAX) {
                place += usize::from(other <= place);
            }
            places[at] = place;
        }
        for place in 0..length {
            let pool = match places.iter().position(|other| *other == place) {
                Some(kind) => kinds[kind],
                None => &all,
            };
            text.push(char::from(pool[draws.below(pool.len() as u64) as usize]));
        }
    })
}

/// Blocks of addresses: the first one, and how many.
type Blocks = Vec<(u32, u64)>;

const fn network(a: u8, b: u8, c: u8, bits: u32) -> (u32, u64) {
    (u32::from_be_bytes([a, b, c, 0]), 1 << (32 - bits))
}

/// RFC 1918.
const PRIVATE: [(u32, u64); 3] = [network(10, 0, 0, 8), network(172, 16, 0, 12), network(192, 168, 0, 16)];

/// The special-purpose registry of IANA (RFC 6890), as Faker leaves it out, with multicast and the reserved rest.
const SPECIAL: [(u32, u64); 15] = [
    network(0, 0, 0, 8),
    network(100, 64, 0, 10),
    network(127, 0, 0, 8),
    network(169, 254, 0, 16),
    network(192, 0, 0, 24),
    network(192, 0, 2, 24),
    network(192, 31, 196, 24),
    network(192, 52, 193, 24),
    network(192, 88, 99, 24),
    network(192, 175, 48, 24),
    network(198, 18, 0, 15),
    network(198, 51, 100, 24),
    network(203, 0, 113, 24),
    network(224, 0, 0, 4),
    network(240, 0, 0, 4),
];

/// The classes of RFC 791.
const CLASSES: [(&str, (u32, u64)); 3] =
    [("a", network(0, 0, 0, 1)), ("b", network(128, 0, 0, 2)), ("c", network(192, 0, 0, 3))];

fn ipv4(site: &Site<'_>) -> Resolved {
    if site.name == "ipv4_network_class" {
        return numbered(site, 3, 1, |number, _: &mut Draws, text| {
            text.push(char::from(b'a' + number as u8));
        });
    }
    let arguments = &site.arguments;
    let private = match site.name {
        "ipv4_private" => Some(true),
        "ipv4_public" => Some(false),
        _ => arguments.boolean("private")?,
    };
    let class = arguments.one_of("address_class", &["a", "b", "c"])?;
    let is_network = arguments.boolean("network")?.unwrap_or(false);
    let mut blocks = match private {
        Some(true) => PRIVATE.to_vec(),
        Some(false) => all_but(SPECIAL.into_iter().chain(PRIVATE)),
        None => all_but(SPECIAL.into_iter()),
    };
    if let Some((_, class)) = CLASSES.iter().find(|(name, _)| Some(*name) == class) {
        blocks = blocks.into_iter().filter_map(|block| common(block, *class)).collect();
    }
    if is_network {
        // Networks of 24 bits: the last octet is 0.
        let whole = |(first, count): (u32, u64)| (first >> 8, count >> 8);
        blocks = blocks.into_iter().map(whole).filter(|(_, count)| *count > 0).collect();
    }
    let size = blocks.iter().map(|(_, count)| count).sum();
    numbered(site, size, 18, move |mut offset, _, text| {
        let mut address = 0;
        for (first, count) in &blocks {
            if offset < *count {
                address = first + offset as u32;
                break;
            }
            offset -= count;
        }
        let address = if is_network { address << 8 } else { address };
        for (at, octet) in address.to_be_bytes().into_iter().enumerate() {
            if at > 0 {
                text.push('.');
            }
            push_number(u64::from(octet), 1, text);
        }
        if is_network {
            text.push_str("/24");
        }
    })
}

/// What two blocks have in common.
fn common((a, a_count): (u32, u64), (b, b_count): (u32, u64)) -> Option<(u32, u64)> {
    let first = a.max(b);
    let end = (u64::from(a) + a_count).min(u64::from(b) + b_count);
    (end > u64::from(first)).then(|| (first, end - u64::from(first)))
}

fn all_but(excluded: impl Iterator<Item = (u32, u64)>) -> Blocks {
    let mut excluded: Blocks = excluded.collect();
    excluded.sort_unstable();
    let (mut blocks, mut next) = (Vec::new(), 0_u64);
    for (first, count) in excluded.into_iter().chain([(u32::MAX, 1)]) {
        if u64::from(first) > next {
            blocks.push((next as u32, u64::from(first) - next));
        }
        next = next.max(u64::from(first) + count);
    }
    blocks
}
