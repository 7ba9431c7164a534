//! Encrypted tokens: the compact JWE (RFC 7516, section 3.1) with `dir` and `A256CBC-HS512`
//! (RFC 7518, sections 4.5 and 5.2.5). Bytes in, bytes out; this module does not interpret the
//! claims.
//!
//! AES-GCM would be shorter, but two tokens with one nonce reveal its authentication key, which
//! allows forgery: 96 random bits suffice for 2^32 tokens (NIST SP 800-38D, section 8.3), and a
//! key lives for months. Here, two tokens with one IV show only whether they begin with the same
//! bytes.

mod content_key;
#[cfg(test)]
mod wycheproof;

use alloc::{string::String, vec::Vec};

use self::content_key::TAG_LEN;
pub(crate) use self::content_key::{ContentKey, IV_LEN, KEY_LEN};
use crate::base64url;

/// The parts of a token, as they are encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'t> {
    /// Authenticated, and not encrypted.
    pub(crate) header: &'t [u8],
    iv: &'t [u8],
    ciphertext: &'t [u8],
    tag: &'t [u8],
}

impl<'t> Parts<'t> {
    /// Exactly five parts. The second one is empty: `dir` has no encrypted key (RFC 7516, section
    /// 5.2, step 10).
    pub(crate) fn parse(token: &'t [u8]) -> Option<Self> {
        let mut tag = token;
        let [header, key, iv, ciphertext] = [(); 4].map(|()| first_part(&mut tag));
        let is_complete = key?.is_empty() && !tag.contains(&b'.');
        is_complete.then_some(Self { header: header?, iv: iv?, ciphertext: ciphertext?, tag })
    }

    /// The claims; `None` if the token was not encrypted with this key, or has changed. The
    /// tag is compared before anything is decrypted.
    pub(crate) fn decrypt(self, key: &ContentKey) -> Option<Vec<u8>> {
        let (mut iv, mut tag) = ([0; IV_LEN], [0; TAG_LEN]);
        let is_iv = base64url::decode_into(self.iv, &mut iv)?.len() == IV_LEN;
        let is_tag = base64url::decode_into(self.tag, &mut tag)?.len() == TAG_LEN;
        let ciphertext = (is_iv && is_tag).then(|| base64url::decode(self.ciphertext))??;
        key.decrypt(self.header, &iv, ciphertext, &tag)
    }
}

/// Takes the part before the first dot. Not inlined, so that it is there only once.
#[inline(never)]
fn first_part<'t>(rest: &mut &'t [u8]) -> Option<&'t [u8]> {
    let (part, behind) = rest.split_at_checked(memchr::memchr(b'.', rest)?)?;
    *rest = behind.get(1..)?;
    Some(part)
}

/// Appends the token of `claims`; it is ASCII. CBC needs an unpredictable `iv` for each token (NIST
/// SP 800-38A, appendix C), so the caller passes random bytes.
pub(crate) fn encrypt_onto(
    line: &mut String,
    claims: Vec<u8>,
    header: &str,
    key: &ContentKey,
    iv: [u8; IV_LEN],
) {
    let (ciphertext, tag) = key.encrypt(header.as_bytes(), &iv, claims);
    line.extend([header, ".."]);
    base64url::encode_onto(&iv, line);
    line.push('.');
    base64url::encode_onto(&ciphertext, line);
    line.push('.');
    base64url::encode_onto(&tag, line);
}
