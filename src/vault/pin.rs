//! A pin: which key must have signed which vault. Without one, any recipient could have written the file.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::error::VaultError;
use super::trailer::sha256;
use crate::domain::ids::{VaultId, hex};

/// The vault's id and the verify key of its commits.
///
/// As text `tkpin1` and, in base64url, id, key and the first four bytes of SHA-256 of both, so that a slip of the
/// pen is told from a forged vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The vault's id.
    pub vault: VaultId,
    /// The Ed25519 key that signs its commits.
    pub verify_key: [u8; 32],
}

const PREFIX: &str = "tkpin1";

/// What a line of an identity file that holds a pin begins with.
pub const COMMENT: &str = "# tokenctl-vault-pin: ";

impl fmt::Display for Pin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [id_bytes(&self.vault).as_slice(), &self.verify_key].concat();
        let check = sha256(&bytes);
        bytes.extend_from_slice(&check[..4]);
        write!(out, "{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Pin {
    type Err = VaultError;

    fn from_str(text: &str) -> Result<Self, VaultError> {
        let refuse = |why: &str| VaultError::InvalidPin(why.to_owned());
        let encoded =
            text.trim().strip_prefix(PREFIX).ok_or_else(|| refuse("it does not begin with tkpin1"))?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| refuse("it is not base64url"))?;
        let (body, check) = bytes.split_last_chunk::<4>().ok_or_else(|| refuse("it is too short"))?;
        if sha256(body)[..4] != *check {
            return Err(refuse("its checksum is wrong; was it copied completely?"));
        }
        let (id, key) = body.split_first_chunk::<16>().ok_or_else(|| refuse("it is too short"))?;
        let verify_key = key.try_into().map_err(|_| refuse("its length is wrong"))?;
        Ok(Self { vault: id_from_bytes(id)?, verify_key })
    }
}

/// Returns the pins in the comment lines of an identity file.
pub fn in_comments(text: &str) -> Result<Vec<Pin>, VaultError> {
    text.lines().filter_map(in_line).collect()
}

/// Returns the pin in a line of an identity file, if it is a comment that holds one; blanks around it do not count.
pub fn in_line(line: &str) -> Option<Result<Pin, VaultError>> {
    line.strip_prefix(COMMENT.trim_end()).map(str::parse)
}

/// Returns those of `pins` that `current` has replaced: its vault's that stand before it.
///
/// What stands after it was announced by a rekey that did not come to its end; nobody has those keys.
pub fn replaced_by<'a>(current: &Pin, pins: &'a [Pin]) -> Vec<&'a Pin> {
    let before = pins.iter().position(|pin| pin == current).unwrap_or(0);
    pins[..before].iter().filter(|pin| pin.vault == current.vault).collect()
}

/// Returns the 16 bytes of a vault id.
pub fn id_bytes(id: &VaultId) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(id.as_str().as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(pair).unwrap_or("00");
        // A `VaultId` is 32 hexadecimal digits by construction.
        *byte = u8::from_str_radix(digits, 16).unwrap_or(0);
    }
    bytes
}

/// Returns the vault id of 16 bytes.
pub fn id_from_bytes(bytes: &[u8; 16]) -> Result<VaultId, VaultError> {
    hex(bytes).parse().map_err(|error| VaultError::damaged(format!("the vault id {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin() -> Pin {
        Pin { vault: VaultId::new(), verify_key: [0xa5; 32] }
    }

    #[test]
    fn text_parses_back() {
        let pin = pin();
        assert_eq!(pin.to_string().parse::<Pin>().unwrap(), pin);
    }

    #[test]
    fn a_slip_is_not_a_different_pin() {
        let text = pin().to_string();
        for at in 0..text.len() {
            let mut slip = text.clone().into_bytes();
            slip[at] = if slip[at] == b'A' { b'B' } else { b'A' };
            let slip = String::from_utf8(slip).unwrap();
            assert!(matches!(slip.parse::<Pin>(), Err(VaultError::InvalidPin(_))), "{slip}");
            assert!(matches!(text[..at].parse::<Pin>(), Err(VaultError::InvalidPin(_))));
        }
    }

    #[test]
    fn only_older_pins_of_the_same_vault_are_replaced() {
        let current = pin();
        let older = Pin { verify_key: [1; 32], ..current.clone() };
        let announced = Pin { verify_key: [2; 32], ..current.clone() };
        let pins = [pin(), older.clone(), current.clone(), announced.clone()];
        assert_eq!(replaced_by(&current, &pins), [&older]);
        assert!(replaced_by(&older, &pins).is_empty());
        assert!(replaced_by(&pin(), &pins).is_empty(), "unknown");
    }

    #[test]
    fn comments_hold_pins() {
        let (first, second) = (pin(), pin());
        let file = format!("# created: x\n{COMMENT}{first}\nAGE-SECRET-KEY-1…\n{COMMENT}{second}\n");
        assert_eq!(in_comments(&file).unwrap(), [first, second]);
        assert!(in_comments(&format!("{COMMENT}tkpin1nonsense")).is_err());
    }
}
