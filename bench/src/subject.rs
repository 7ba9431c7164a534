//! The session that all subjects seal and open.

use serde::{Deserialize, Serialize};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const SECRET: [u8; 64] = [7; 64];

#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Data {
    pub(crate) username: String,
    pub(crate) cart: Vec<u32>,
    pub(crate) csrf: String,
}

pub(crate) fn data() -> Data {
    Data {
        username: "susan".into(),
        cart: vec![1, 2, 3],
        csrf: "q8Jx0vN2mB5tYw3kLr7sPaQ4hZ9cXe1uDf6gTi0o".into(),
    }
}

/// The session with its times, as in tokens.
#[derive(Deserialize, Serialize)]
pub(crate) struct Claims {
    pub(crate) iat: u64,
    pub(crate) exp: u64,
    #[serde(flatten)]
    pub(crate) data: Data,
}

pub(crate) fn claims() -> Claims {
    Claims { iat: NOW, exp: NOW + 604_800, data: data() }
}
