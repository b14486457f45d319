//! Identifiers of fixed shapes, with their check digits.

use std::fmt::Write;

use millstream_core::Key;

use super::text::{Append, Text};
use super::{Resolved, Site};
use crate::draws::Draws;

pub(super) const NAMES: &[&str] = &[
    "credit_card_number",
    "ean13",
    "ean8",
    "hex_color",
    "ipv4",
    "ipv4_private",
    "ipv4_public",
    "mac_address",
    "uuid4",
];

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let key = site.key.numbered(0);
    Ok(match site.name {
        "credit_card_number" => {
            let arguments = &site.arguments;
            let names: Vec<&str> = CARDS.iter().map(|card| card.name).collect();
            let wanted = arguments.one_of("card_type", &names)?;
            let card = wanted.and_then(|wanted| CARDS.iter().find(|card| card.name == wanted));
            Text::function(CardNumber { key, card })
        }
        "ean13" | "ean8" => {
            let digits = if site.name == "ean13" { 12 } else { 7 };
            Text::function(Ean { key, digits })
        }
        "hex_color" => Text::function(HexColor(key)),
        "mac_address" => {
            let arguments = &site.arguments;
            let multicast = arguments.boolean("multicast")?.unwrap_or(false);
            Text::function(MacAddress { key, multicast })
        }
        "uuid4" => Text::function(Uuid { high: key, low: site.key.numbered(1) }),
        _ => {
            let private = match site.name {
                "ipv4_private" => Some(true),
                "ipv4_public" => Some(false),
                _ => site.arguments.boolean("private")?,
            };
            Text::function(Ipv4::new(key, private))
        }
    })
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn write(bytes: &[u8], out: &mut impl Write) -> std::fmt::Result {
    out.write_str(std::str::from_utf8(bytes).map_err(|_| std::fmt::Error)?)
}

/// Version 4 of RFC 9562: 122 random bits, lower-case.
#[derive(Debug)]
struct Uuid {
    high: Key,
    low: Key,
}

impl Append for Uuid {
    fn append(&self, row: u64, out: &mut impl Write, _: &mut String) -> std::fmt::Result {
        let high = (self.high.bits(row) & !0xF000) | 0x4000;
        let low = (self.low.bits(row) & !(0b11 << 62)) | (0b10 << 62);
        let mut text = *b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
        let (mut position, mut shift) = (0, 64);
        for half in [high, low] {
            while shift > 0 {
                if text[position] == b'x' {
                    shift -= 4;
                    text[position] = HEX[(half >> shift & 0xF) as usize];
                }
                position += 1;
            }
            shift = 64;
        }
        write(&text, out)
    }

    fn longest(&self) -> usize {
        36
    }

    fn average(&self) -> usize {
        36
    }
}

/// From `#000001` to `#ffffff`, as in Faker.
#[derive(Debug)]
struct HexColor(Key);

impl Append for HexColor {
    fn append(&self, row: u64, out: &mut impl Write, _: &mut String) -> std::fmt::Result {
        let color = 1 + self.0.below(row, 0xFF_FFFF);
        let digit = |shift: u32| HEX[(color >> shift & 0xF) as usize];
        write(&[b'#', digit(20), digit(16), digit(12), digit(8), digit(4), digit(0)], out)
    }

    fn longest(&self) -> usize {
        7
    }

    fn average(&self) -> usize {
        7
    }
}

#[derive(Debug)]
struct MacAddress {
    key: Key,
    multicast: bool,
}

impl Append for MacAddress {
    fn append(&self, row: u64, out: &mut impl Write, _: &mut String) -> std::fmt::Result {
        let mut bytes = self.key.bits(row).to_be_bytes();
        // The lowest bit of the first octet is the group bit of IEEE 802.
        bytes[0] = (bytes[0] & !1) | u8::from(self.multicast);
        let mut text = *b"xx:xx:xx:xx:xx:xx";
        for (pair, byte) in text.chunks_mut(3).zip(bytes) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 0xF)];
        }
        write(&text, out)
    }

    fn longest(&self) -> usize {
        17
    }

    fn average(&self) -> usize {
        17
    }
}

/// Blocks of addresses: the first one, and how many.
type Blocks = Vec<(u32, u64)>;

#[derive(Debug)]
struct Ipv4 {
    key: Key,
    blocks: Blocks,
    count: u64,
}

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

impl Ipv4 {
    fn new(key: Key, private: Option<bool>) -> Self {
        let blocks = match private {
            Some(true) => PRIVATE.to_vec(),
            Some(false) => all_but(SPECIAL.into_iter().chain(PRIVATE)),
            None => all_but(SPECIAL.into_iter()),
        };
        let count = blocks.iter().map(|(_, count)| count).sum();
        Self { key, blocks, count }
    }
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

impl Append for Ipv4 {
    fn append(&self, row: u64, out: &mut impl Write, _: &mut String) -> std::fmt::Result {
        let mut offset = self.key.below(row, self.count);
        let mut address = 0;
        for (first, count) in &self.blocks {
            if offset < *count {
                address = first + offset as u32;
                break;
            }
            offset -= count;
        }
        let (mut text, mut length) = ([0_u8; 16], 0);
        for octet in address.to_be_bytes() {
            for (divisor, needed) in [(100, octet > 99), (10, octet > 9), (1, true)] {
                if needed {
                    text[length] = b'0' + octet / divisor % 10;
                    length += 1;
                }
            }
            text[length] = b'.';
            length += 1;
        }
        write(&text[..length - 1], out)
    }

    fn longest(&self) -> usize {
        15
    }

    fn average(&self) -> usize {
        13
    }
}

/// A European Article Number of GS1: digits and a check digit.
#[derive(Debug)]
struct Ean {
    key: Key,
    digits: u32,
}

impl Append for Ean {
    fn append(&self, row: u64, out: &mut impl Write, _: &mut String) -> std::fmt::Result {
        let mut number = self.key.below(row, 10_u64.pow(self.digits));
        let (mut text, length) = ([0_u8; 13], self.digits as usize + 1);
        let mut sum = 0;
        for position in (0..length - 1).rev() {
            let digit = (number % 10) as u8;
            number /= 10;
            text[position] = b'0' + digit;
            // The digit beside the check digit counts three times, the next once, and so on.
            sum += u32::from(digit) * if (length - position).is_multiple_of(2) { 3 } else { 1 };
        }
        text[length - 1] = b'0' + ((10 - sum % 10) % 10) as u8;
        write(&text[..length], out)
    }

    fn longest(&self) -> usize {
        13
    }

    fn average(&self) -> usize {
        self.digits as usize + 1
    }
}

/// A kind of payment card: the prefixes of its issuers (`#` a digit, `%` one from 1) and the length of its numbers.
#[derive(Debug)]
struct Card {
    name: &'static str,
    prefixes: &'static [&'static str],
    length: usize,
}

const fn card(name: &'static str, prefixes: &'static [&'static str], length: usize) -> Card {
    Card { name, prefixes, length }
}

/// As in Faker, where `visa` and `jcb` are other names of their 16-digit kinds.
const CARDS: [Card; 12] = [
    card(
        "maestro",
        &[
            "5018", "5020", "5038", "56##", "57##", "58##", "6304", "6759", "6761", "6762", "6763", "0604",
            "6390",
        ],
        12,
    ),
    card(
        "mastercard",
        &[
            "51", "52", "53", "54", "55", "222%", "223", "224", "225", "226", "227", "228", "229", "23",
            "24", "25", "26", "270", "271", "2720",
        ],
        16,
    ),
    card("visa16", &["4"], 16),
    card("visa13", &["4"], 13),
    card("visa19", &["4"], 19),
    card("amex", &["34", "37"], 15),
    card("discover", &["6011", "65"], 16),
    card("diners", &["300", "301", "302", "303", "304", "305", "36", "38"], 14),
    card("jcb15", &["2131", "1800"], 15),
    card("jcb16", &["35"], 16),
    card("visa", &["4"], 16),
    card("jcb", &["35"], 16),
];

#[derive(Debug)]
struct CardNumber {
    key: Key,
    card: Option<&'static Card>,
}

impl Append for CardNumber {
    fn append(&self, row: u64, out: &mut impl Write, _: &mut String) -> std::fmt::Result {
        let mut draws = Draws::new(self.key, row);
        let card = match self.card {
            Some(card) => card,
            None => &CARDS[draws.below(CARDS.len() as u64) as usize],
        };
        let prefix = card.prefixes[draws.below(card.prefixes.len() as u64) as usize].as_bytes();
        // At most 18 digits are drawn, and 10^18 is below 2^60.
        let mut digits = draws.below(1_000_000_000_000_000_000);
        let mut text = [0_u8; 19];
        let last = card.length - 1;
        let mut sum = 0;
        for (position, byte) in text.iter_mut().enumerate().take(last) {
            let drawn = (digits % 10) as u8;
            digits /= 10;
            let digit = match prefix.get(position) {
                None | Some(b'#') => drawn,
                Some(b'%') => 1 + drawn % 9,
                Some(digit) => digit - b'0',
            };
            *byte = b'0' + digit;
            // Luhn (ISO/IEC 7812-1, annex B): every second digit, from the one beside the check digit, is doubled.
            let doubled = if (last - position).is_multiple_of(2) { digit } else { digit * 2 };
            sum += u32::from(doubled / 10 + doubled % 10);
        }
        text[last] = b'0' + ((10 - sum % 10) % 10) as u8;
        write(&text[..card.length], out)
    }

    fn longest(&self) -> usize {
        19
    }

    fn average(&self) -> usize {
        16
    }
}
