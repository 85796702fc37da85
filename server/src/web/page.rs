//! The page's files.

use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::assets::{self, Asset, SCRIPT_HASHES};

/// Serves the file that the request names.
pub(super) fn serve(request: &Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return wrong_method();
    }
    match assets::find(request.uri().path()) {
        Some(asset) => send(asset, request.headers()),
        None => not_found(),
    }
}

/// The answer to a method that means nothing here.
fn wrong_method() -> Response {
    let allowed = [(header::ALLOW, "GET, HEAD")];
    let text = "Only GET and HEAD are served here.\n";
    (StatusCode::METHOD_NOT_ALLOWED, allowed, text).into_response()
}

fn not_found() -> Response {
    let text = "There is nothing here. The picture is at /.\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

fn send(asset: &'static Asset, request: &HeaderMap) -> Response {
    // A name with a hash in it never means another file; the others are asked for each time.
    let caching = if asset.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut headers = HeaderMap::new();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::ETAG, asset.etag);
    set(header::CACHE_CONTROL, caching);
    set(header::VARY, "Accept-Encoding");
    if has(request, asset.etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let (encoding, bytes) = encode(asset, request);
    if let Some(encoding) = encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    set(header::CONTENT_TYPE, asset.content_type);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if asset.content_type.starts_with("text/html") {
        set(header::REFERRER_POLICY, "no-referrer");
        // The policy is made of the hashes of our own scripts, which are ASCII.
        if let Ok(policy) = HeaderValue::try_from(policy()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
    (headers, bytes).into_response()
}

/// Whether the client has the file as it is now (RFC 9110, 13.1.2).
fn has(request: &HeaderMap, etag: &str) -> bool {
    list(request, header::IF_NONE_MATCH)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// The smallest form of the file that the client takes.
fn encode(asset: &'static Asset, request: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
    if let Some(bytes) = asset.brotli.filter(|_| takes(request, "br")) {
        (Some("br"), bytes)
    } else if let Some(bytes) = asset.gzip.filter(|_| takes(request, "gzip")) {
        (Some("gzip"), bytes)
    } else {
        (None, asset.bytes)
    }
}

/// Whether the client takes this encoding (RFC 9110, 12.5.3).
fn takes(request: &HeaderMap, encoding: &str) -> bool {
    list(request, header::ACCEPT_ENCODING).any(|offered| {
        let mut parts = offered.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        named && weight.is_none_or(|weight| weight.parse().is_ok_and(|weight: f32| weight > 0.0))
    })
}

/// The elements of a header that is a list.
fn list(request: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let values = request.get_all(name).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// What the page may load: its own files, its own server, and nothing of anybody else. Any page
/// may have it in a frame (there is no `frame-ancestors`): people put the screen into portals of
/// theirs, and there is nothing on it that a stolen click could set off.
fn policy() -> String {
    let scripts = SCRIPT_HASHES.join(" ");
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {scripts}; \
         style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
    )
}
