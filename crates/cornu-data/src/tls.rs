//! Encryption for downloads: rustls with a provider that needs no C compiler.

use ureq::tls::TlsConfig;

use crate::error::{DataError, DataErrorKind, Result};

/// How to talk to the server at `url`, or nothing where only unencrypted talk is possible and is asked for.
///
/// # Errors
/// Where the address asks for encryption and there is none for this processor.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) fn config(url: &str) -> Result<Option<TlsConfig>> {
    use std::sync::Arc;
    // The provider refuses older processors by a panic, which must not reach the user.
    #[cfg(target_arch = "x86_64")]
    let able = is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("adx")
        && is_x86_feature_detected!("avx2");
    #[cfg(target_arch = "aarch64")]
    let able = std::arch::is_aarch64_feature_detected!("neon")
        && std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull")
        && std::arch::is_aarch64_feature_detected!("sha2");
    if !able {
        return without(url);
    }
    let config = TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::Rustls)
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls_graviola::default_provider()))
        .build();
    Ok(Some(config))
}

/// How to talk to the server at `url`, or nothing where only unencrypted talk is possible and is asked for.
///
/// # Errors
/// Where the address asks for encryption and there is none for this processor.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn config(url: &str) -> Result<Option<TlsConfig>> {
    without(url)
}

fn without(url: &str) -> Result<Option<TlsConfig>> {
    if !url.starts_with("https:") {
        return Ok(None);
    }
    Err(DataError::new(
        DataErrorKind::Network,
        "encrypted downloads need a processor with instructions for AES, which this one lacks",
    )
    .at(url)
    .help("fetch the files on another machine"))
}
