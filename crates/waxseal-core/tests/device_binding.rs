//! The configuration of device binding.
#![cfg(feature = "device-bound")]

use std::time::Duration;

use waxseal_core::{
    BuildError, CookieSpec, DeviceBinding, DeviceBindingError, DeviceRoute, Jwks, Sealer,
    SealerBuilder, Secret,
};

fn secret() -> Secret {
    Secret::new([7; 32]).unwrap()
}

fn binding() -> DeviceBinding {
    DeviceBinding::default().dangerous_without_revocations()
}

fn error(builder: SealerBuilder, binding: DeviceBinding) -> DeviceBindingError {
    match builder.device_bound(binding).build() {
        Err(BuildError::DeviceBinding(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_configuration_is_an_error() {
    let needs_list = error(Sealer::builder(secret()), DeviceBinding::default());
    assert_eq!(needs_list, DeviceBindingError::NeedsRevocations);
    assert!(needs_list.to_string().contains("SealerBuilder::revocations"), "{needs_list}");
    let short = binding().proof_lifetime(Duration::from_secs(299));
    let secs = 299;
    assert_eq!(error(Sealer::builder(secret()), short), DeviceBindingError::ProofLifetime { secs });
    let keys = Jwks::derived(&secret(), "__Host-session");
    assert_eq!(error(Sealer::builder(keys), binding()), DeviceBindingError::NeedsSecret);
}

#[test]
fn browsers_bind_only_some_cookies() {
    let domain = CookieSpec::builder("session").domain("example.com").build().unwrap();
    let partitioned = CookieSpec::builder("__Host-session").partitioned().build().unwrap();
    for cookie in [CookieSpec::insecure_http(), domain, partitioned] {
        let builder = Sealer::builder(secret()).cookie(cookie);
        assert_eq!(error(builder, binding()), DeviceBindingError::Cookie);
    }
}

#[test]
fn the_folder_of_the_routes_is_below_the_path_of_the_cookie() {
    for path in ["", "device", "//device", "/device/", "/a b", "/a?b", "/\u{e9}"] {
        let builder = Sealer::builder(secret());
        assert_eq!(error(builder, binding().path(path)), DeviceBindingError::Path, "{path}");
    }
    let cookie = CookieSpec::builder("__Secure-app").path("/app").build().unwrap();
    let builder = || Sealer::builder(secret()).cookie(cookie.clone());
    assert_eq!(error(builder(), binding().path("/application")), DeviceBindingError::Path);

    let routes = |binding, path: &str| {
        let sealer = builder().device_bound(binding).build().unwrap();
        ["register", "refresh", ""].map(|route| sealer.device_route(&format!("{path}{route}")))
    };
    let expected = [Some(DeviceRoute::Register), Some(DeviceRoute::Refresh), None];
    assert_eq!(routes(binding(), "/app/.well-known/waxseal/__Secure-app/"), expected);
    let good = binding().proof_lifetime(Duration::from_secs(300)).path("/app/device");
    assert_eq!(routes(good, "/app/device/"), expected);
}
