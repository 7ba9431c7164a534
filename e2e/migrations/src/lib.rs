//! One small application on three other session libraries (`before`), on waxseal (`after`), and
//! on both at once (`moving`), so that no user has to log in again.
//!
//! The application greets the user and counts the items in a cart. The pages `docs/from-*.md`
//! contain the differences between `before` and `after`.

pub mod after {
    //! The application on waxseal.
    pub mod actix;
    pub mod axum;
}
pub mod before {
    //! The application on other session libraries.
    pub mod actix_session;
    pub mod axum_extra;
    pub mod tower_sessions;
}
pub mod moving {
    //! The application on waxseal, while sessions of another library move to it.
    pub mod actix_session;
    pub mod axum_extra;
    pub mod tower_sessions;
}
pub mod users;
