//! `hashlib`: digests of bytes.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// The names of the functions.
pub(crate) const NAMES: [&str; 7] = [
    "hashlib.md5",
    "hashlib.new",
    "hashlib.sha1",
    "hashlib.sha224",
    "hashlib.sha256",
    "hashlib.sha384",
    "hashlib.sha512",
];

impl Algorithm {
    /// By its name, as in `hashlib.new(name)`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The bytes of a digest, and how many there are.
    pub(crate) fn digest(self, bytes: &[u8]) -> ([u8; 64], usize) {
        fn of<D: Digest>(bytes: &[u8]) -> ([u8; 64], usize) {
            let digest = D::digest(bytes);
            let mut result = [0; 64];
            result[..digest.len()].copy_from_slice(&digest);
            (result, digest.len())
        }
        match self {
            Self::Md5 => of::<Md5>(bytes),
            Self::Sha1 => of::<Sha1>(bytes),
            Self::Sha224 => of::<Sha224>(bytes),
            Self::Sha256 => of::<Sha256>(bytes),
            Self::Sha384 => of::<Sha384>(bytes),
            Self::Sha512 => of::<Sha512>(bytes),
        }
    }

    /// `hexdigest()`: calls `push` with its text.
    pub(crate) fn hex<T>(self, bytes: &[u8], push: impl FnOnce(&str) -> T) -> T {
        let (digest, length) = self.digest(bytes);
        let mut text = [0; 128];
        for (pair, byte) in text.chunks_exact_mut(2).zip(&digest[..length]) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        push(std::str::from_utf8(&text[..2 * length]).unwrap_or_default())
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `uuid.uuid3` and `uuid.uuid5`: a name in a namespace, as 128 bits.
pub(crate) fn named_uuid(namespace: u128, name: &str, version: u8) -> u128 {
    let algorithm = if version == 3 { Algorithm::Md5 } else { Algorithm::Sha1 };
    let bytes: Vec<u8> = namespace.to_be_bytes().into_iter().chain(name.bytes()).collect();
    let (digest, _) = algorithm.digest(&bytes);
    let value = digest[..16].iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    with_version(value, version)
}

/// The bits of a UUID with its variant (RFC 4122) and version.
pub(crate) fn with_version(value: u128, version: u8) -> u128 {
    const VARIANT: u128 = 0xc000 << 48;
    const VERSION: u128 = 0xf000 << 64;
    (value & !VARIANT & !VERSION) | (0x8000 << 48) | (u128::from(version) << 76)
}

/// `str(uuid)`
pub(crate) fn uuid_text(value: u128) -> String {
    let hex = format!("{value:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// `uuid.UUID(text)`: 32 hexadecimal digits, with hyphens, braces or `urn:uuid:` about them.
pub(crate) fn read_uuid(text: &str) -> Option<u128> {
    let text = text.replace("urn:", "").replace("uuid:", "");
    let digits: String = text.trim_matches(['{', '}']).replace('-', "");
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok()
}

/// The namespaces of RFC 4122.
pub(crate) fn namespace(name: &str) -> Option<u128> {
    let first: u128 = match name {
        "uuid.NAMESPACE_DNS" => 0x6ba7_b810,
        "uuid.NAMESPACE_URL" => 0x6ba7_b811,
        "uuid.NAMESPACE_OID" => 0x6ba7_b812,
        "uuid.NAMESPACE_X500" => 0x6ba7_b814,
        _ => return None,
    };
    Some(first << 96 | 0x9dad_11d1_80b4_00c0_4fd4_30c8)
}
