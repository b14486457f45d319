//! Who may ask: nobody but programs of this machine. The server listens on loopback, but a web page from elsewhere
//! that is open in a browser of this machine can reach it, under a name that leads here; neither may look or change.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// Refuses requests that name another host, or come from another site.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    if is_local(request.headers()) {
        return next.run(request).await;
    }
    let message = "the request names another host than this machine, or comes from a page of another site";
    let hint = "ask http://127.0.0.1 or http://localhost from a program, or from a page that is served here";
    Problem::new(StatusCode::FORBIDDEN, message, hint).into_response()
}

fn is_local(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host =
        text(header::HOST).is_none_or(|host| host.parse::<Uri>().is_ok_and(|uri| is_loopback(uri.host())));
    let origin = text(header::ORIGIN)
        .is_none_or(|origin| origin.parse::<Uri>().is_ok_and(|uri| is_loopback(uri.host())));
    host && origin
}

fn is_loopback(host: Option<&str>) -> bool {
    let Some(host) = host else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_this_machine_may_ask() {
        for host in ["127.0.0.1:8707", "localhost:8707", "LOCALHOST", "[::1]:8707", "127.0.0.1"] {
            assert!(is_local(&headers(&[(header::HOST, host)])), "{host}");
        }
        for host in [
            "example.org",
            "example.org:8707",
            "127.0.0.1.example.org",
            "",
            "10.0.0.1:80",
            "localhost.evil:1",
        ] {
            assert!(!is_local(&headers(&[(header::HOST, host)])), "{host}");
        }
        assert!(is_local(&HeaderMap::new()));
        let from =
            |origin: &str| is_local(&headers(&[(header::HOST, "127.0.0.1:1"), (header::ORIGIN, origin)]));
        assert!(from("http://localhost:3000") && from("http://127.0.0.1:8707"));
        assert!(!from("https://example.org") && !from("null") && !from("file://"));
    }
}
