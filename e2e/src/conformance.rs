//! What every face must do, seen from outside. Nothing here knows which one it
//! is talking to.

mod caching;
mod cookies;
mod forgeries;
mod login;
mod parallel;
mod saving;
mod verdicts;

pub use caching::*;
pub use cookies::*;
pub use forgeries::*;
pub use login::*;
pub use parallel::*;
pub use saving::*;
pub use verdicts::*;

/// A test for each case, against the server that `$start` starts.
#[macro_export]
macro_rules! conformance {
    ($start:expr; $($case:ident)*) => {$(
        #[test]
        fn $case() {
            $crate::conformance::$case(&$start);
        }
    )*};
    // A server that knows `/script`.
    ($start:expr) => {
        $crate::conformance_of_a_login!($start);
        $crate::conformance! { $start;
            caches_of_untouched_responses
            caches_of_read_sessions
            caches_of_set_cookies
            one_set_cookie_and_the_applications_own
            what_was_saved_is_sent
            statuses_do_not_matter
            too_large_is_an_error_and_sends_nothing
            times_are_kept
            activity_moves_the_end_on
            the_absolute_limit_stands
            users_and_remember_me
            rejections_are_told
            data_goes_round
        }
    };
}

/// The cases that need nothing but a login page.
#[macro_export]
macro_rules! conformance_of_a_login {
    ($start:expr) => {
        $crate::conformance! { $start;
            login_reload_logout
            removal_repeats_every_attribute
            every_bit_matters
            forgeries
            odd_claims
            odd_headers
            expired
            two_of_one_name
            two_headers_of_one_name
            other_peoples_cookies
            eight_kilobytes
            two_hundred_users
        }
    };
}
