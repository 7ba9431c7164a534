//! The rules that every integration must follow, tested from outside. The tests are the same for
//! every integration.

mod caching;
mod cookies;
mod csrf;
mod forgeries;
mod identity;
mod login;
mod parallel;
mod saving;
mod verdicts;

pub use caching::*;
pub use cookies::*;
pub use csrf::*;
pub use forgeries::*;
pub use identity::*;
pub use login::*;
pub use parallel::*;
pub use saving::*;
pub use verdicts::*;

/// One test per case, against the server that `$start` starts.
#[macro_export]
macro_rules! conformance {
    ($start:expr; $($case:ident)*) => {$(
        #[test]
        fn $case() {
            $crate::conformance::$case(&$start);
        }
    )*};
    // For a server with `/script`.
    ($start:expr) => {
        $crate::conformance_of_a_login!($start);
        $crate::conformance_of_identity!($start);
        $crate::conformance! { $start;
            an_untouched_session_sets_no_cache_headers
            a_read_session_varies_with_the_cookie
            a_set_cookie_makes_the_response_private
            an_unreadable_header_is_never_replaced
            the_session_sets_one_cookie_beside_the_applications_own
            only_saved_changes_are_sent
            every_status_sends_the_cookie
            a_too_large_session_is_an_error_and_sends_no_cookie
            a_session_keeps_its_issue_time_until_a_login
            activity_extends_a_session
            the_absolute_timeout_is_enforced
            the_user_and_remember_me_are_kept
            the_rejection_is_reported
            data_round_trips
        }
    };
}

/// The cases of users, session IDs and bounded data, for a server with `/script`.
#[macro_export]
macro_rules! conformance_of_identity {
    ($start:expr) => {
        $crate::conformance! { $start;
            a_login_over_the_session_of_another_user_gets_no_data
            an_anonymous_visitor_keeps_the_data_through_a_login
            changes_of_identity_save_at_once_or_fail_loudly
            changes_of_identity_change_the_session_id
            a_session_can_have_shorter_timeouts
            data_that_cannot_fit_is_an_error
        }
    };
}

/// The cases of an example with a form: a password, and other sites.
#[macro_export]
macro_rules! conformance_of_a_form {
    ($start:expr) => {
        $crate::conformance! { $start;
            the_forms_of_other_sites_are_refused
            a_wrong_password_is_refused
        }
    };
}

/// The cases that need only a login page.
#[macro_export]
macro_rules! conformance_of_a_login {
    ($start:expr) => {
        $crate::conformance! { $start;
            a_user_logs_in_reloads_and_logs_out
            the_removal_repeats_every_attribute
            a_token_with_one_flipped_bit_is_rejected
            forgeries_are_rejected
            the_rules_for_claims_are_enforced
            the_rules_for_headers_are_enforced
            an_expired_token_is_rejected
            the_valid_one_of_two_cookies_counts
            the_valid_one_of_two_headers_counts
            cookies_of_other_names_are_ignored
            a_cookie_of_8_kilobytes_is_rejected
            two_hundred_users_see_only_their_own_sessions
        }
    };
}
