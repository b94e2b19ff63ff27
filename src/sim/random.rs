//! Values that nobody can guess: secrets, codes and tokens.

use aws_lc_rs::rand::fill;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Returns the base64url form of `count` random bytes, without padding.
pub(super) fn text(count: usize) -> String {
    let mut bytes = vec![0; count];
    // Proof: expect: AWS-LC's RAND_bytes aborts the process rather than fail (openssl/rand.h).
    fill(&mut bytes).expect("random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}
