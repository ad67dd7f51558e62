//! A run as the end of a link: its text, deflated, in the letters that an address may hold.
//!
//! Form: `run=` and base64url of raw DEFLATE of UTF-8. Whatever a stranger writes there is read within bounds: a
//! long address, a bomb that unpacks to gigabytes, broken letters and broken text are refused with a reason.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// What a link's fragment begins with.
pub const PREFIX: &str = "run=";
/// The longest fragment that is read.
const MOST_LETTERS: usize = 300_000;
/// The longest text that is unpacked.
const MOST_TEXT: usize = 1_000_000;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Why a link holds no run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is too long.
    Long,
    /// It holds letters that no link holds.
    Letters,
    /// It was cut or changed on its way.
    Cut,
    /// It unpacks to more than any run.
    Bomb,
    /// It unpacks to something that is no text.
    NoText,
}

impl Broken {
    /// Its text in the language files.
    pub const fn key(self) -> &'static str {
        match self {
            Broken::Long => "link.long",
            Broken::Letters => "link.letters",
            Broken::Cut => "link.cut",
            Broken::Bomb => "link.bomb",
            Broken::NoText => "link.no-text",
        }
    }
}

/// The fragment for this text, without `#`.
pub fn pack(text: &str) -> String {
    format!("{PREFIX}{}", encode(&compress_to_vec(text.as_bytes(), 9)))
}

/// The text of this fragment (without `#`); `None` when it is no link to a run at all.
pub fn unpack(fragment: &str) -> Option<Result<String, Broken>> {
    let letters = fragment.strip_prefix(PREFIX)?;
    Some(read(letters))
}

fn read(letters: &str) -> Result<String, Broken> {
    if letters.len() > MOST_LETTERS {
        return Err(Broken::Long);
    }
    let packed = decode(letters).ok_or(Broken::Letters)?;
    let bytes = decompress_to_vec_with_limit(&packed, MOST_TEXT)
        .map_err(|error| if error.output.len() >= MOST_TEXT { Broken::Bomb } else { Broken::Cut })?;
    String::from_utf8(bytes).map_err(|_| Broken::NoText)
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..=chunk.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * i)) as usize & 63]));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut bits = 0;
        for &letter in chunk {
            bits = bits << 6 | LETTERS.iter().position(|&known| known == letter)? as u32;
        }
        bits <<= 6 * (4 - chunk.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len().max(1)]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_survives_the_way_through_a_link() {
        for text in ["", "a", "ab", "abc", "seed 7\nbrokers 3\n----\n@12 3s crash broker-1\n", "种子"] {
            let fragment = pack(text);
            assert!(fragment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(&b)), "{fragment}");
            assert_eq!(unpack(&fragment), Some(Ok(text.to_owned())));
        }
    }

    #[test]
    fn a_fragment_that_is_no_run_is_left_alone() {
        assert_eq!(unpack("timeline"), None);
        assert_eq!(unpack(""), None);
    }

    #[test]
    fn a_link_that_was_cut_is_refused() {
        let whole = pack(&"seed 7\nbrokers 3\ntopic orders partitions 3 replicas 3\n".repeat(3));
        let broken = unpack(&whole[..whole.len() - 9]);
        assert_eq!(broken, Some(Err(Broken::Cut)));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = format!("{PREFIX}{}", encode(&compress_to_vec(&vec![b'a'; 50_000_000], 9)));
        assert!(bomb.len() < MOST_LETTERS);
        assert_eq!(unpack(&bomb), Some(Err(Broken::Bomb)));
    }

    #[test]
    fn foreign_letters_and_endless_links_are_refused() {
        assert_eq!(unpack("run=%%%"), Some(Err(Broken::Letters)));
        assert_eq!(unpack(&format!("run={}", "A".repeat(MOST_LETTERS + 1))), Some(Err(Broken::Long)));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let fragment = format!("{PREFIX}{}", encode(&compress_to_vec(&[0xff, 0xfe, 0xc0], 9)));
        assert_eq!(unpack(&fragment), Some(Err(Broken::NoText)));
    }
}
