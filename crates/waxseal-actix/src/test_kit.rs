//! For the tests of applications: a cookie with any session in it.
//!
//! No secret is built in. A test makes its own sealer and gives the
//! application the same.
//!
//! ```
//! use actix_web::{App, test, web};
//! use waxseal_actix::{Sealer, Secret, Session, SessionMiddleware, UnixTime, test_kit};
//!
//! async fn whoami(session: Session) -> String {
//!     session.user().unwrap_or_else(|| "nobody".into())
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixTime::from_secs(1_800_000_000);
//! let sealer = Sealer::builder(Secret::new([7; 32])?).build()?;
//! let cookie = test_kit::cookie(&sealer, now, |session| {
//!     session.set_user("susan");
//!     session.insert("cart", [1, 2, 3])
//! })?;
//!
//! let sessions = SessionMiddleware::with_clock(sealer, move || now);
//! let app = App::new().wrap(sessions).route("/whoami", web::get().to(whoami));
//! let app = test::init_service(app).await;
//! let request = test::TestRequest::get().uri("/whoami").insert_header(("cookie", cookie));
//! let body = test::call_and_read_body(&app, request.to_request()).await;
//! assert_eq!(body, "susan");
//! # Ok(())
//! # }
//! ```

#[doc(inline)]
pub use waxseal_face::test_kit::cookie;
