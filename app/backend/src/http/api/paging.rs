//! The query of a list: its parameters by name, `limit` and `cursor` among them, and the header Link with the address of the next page.

use std::fmt::Display;
use std::str::FromStr;

use axum::Json;
use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::http::Problem;
use crate::http::described::Shape;
use crate::http::table::Route;

/// So many rows at most, and so many where nobody says.
const MOST: u32 = 1_000;
const USUAL: u32 = 100;

/// What is asked of a list.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    path: String,
    given: Vec<(String, String)>,
}

impl Asked {
    /// The query of an address, in which `known` may stand, and `limit` and `cursor`, once each.
    ///
    /// # Errors
    /// A [`Problem`] that names the parameter.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let query = uri.query().unwrap_or_default();
        let given: Vec<(String, String)> =
            serde_urlencoded::from_str(query).map_err(|error| Problem::field("query", format!("the query cannot be read: {error}")))?;
        for (at, (name, _)) in given.iter().enumerate() {
            if !known.contains(&name.as_str()) && !matches!(name.as_str(), "limit" | "cursor") {
                let all = known.iter().chain(&["limit", "cursor"]).copied().collect::<Vec<_>>().join(", ");
                return Err(Problem::field(
                    name.chars().take(100).collect::<String>(),
                    format!("there is no such parameter; there are {all}"),
                ));
            }
            if given[..at].iter().any(|(before, _)| before == name) {
                return Err(Problem::field(name.as_str(), format!("{name} is given once")));
            }
        }
        Ok(Self { path: uri.path().to_owned(), given })
    }

    /// A parameter, where it is given and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.found(name).filter(|text| !text.is_empty())
    }

    fn found(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str())
    }

    /// How many rows are wanted.
    ///
    /// # Errors
    /// A [`Problem`] that names `limit`.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        match self.found("limit").map(str::parse::<u32>) {
            None => Ok(USUAL),
            Some(Ok(limit)) if (1..=MOST).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::field("limit", format!("limit is a number from 1 to {MOST}"))),
        }
    }

    /// Where the page begins.
    ///
    /// # Errors
    /// A [`Problem`] that names `cursor`.
    pub(super) fn cursor<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        let wrong = |_| Problem::field("cursor", "the cursor is taken from the header Link of the page before");
        self.found("cursor").map(str::parse).transpose().map_err(wrong)
    }

    /// The answer: a bare array, and the address of the next page where there is one.
    pub(super) fn page(mut self, rows: &impl Serialize, next: Option<impl Display>) -> Response {
        let mut response = Json(rows).into_response();
        if let Some(next) = next {
            self.given.retain(|(name, _)| name != "cursor");
            self.given.push(("cursor".to_owned(), next.to_string()));
            let query = serde_urlencoded::to_string(&self.given).unwrap_or_default();
            if let Ok(link) = HeaderValue::from_str(&format!("<{}?{query}>; rel=\"next\"", self.path)) {
                response.headers_mut().insert(LINK, link);
            }
        }
        response
    }
}

/// The route of a list, with what every list takes.
pub(super) fn paged(route: Route) -> Route {
    route.param_of("limit", Shape::Whole(1, i64::from(MOST)), false, "How many at most; 100 by default").param(
        "cursor",
        false,
        "Where the page begins: opaque, taken from the header Link of the page before",
    )
}

/// What a list says of its answer.
pub(super) const PAGED: &str = "The rows. While there are more, the header Link holds the address of the next page: `<...>; rel=\"next\"`";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Result<Asked, String> {
        let uri: Uri = address.parse().expect("an address");
        Asked::read(&uri, &["q"]).map_err(|problem| problem.detail().to_owned())
    }

    #[test]
    fn what_nobody_knows_or_stands_twice_is_named() {
        assert_eq!(read("/x?who=ana").expect_err("refused"), "there is no such parameter; there are q, limit, cursor");
        assert_eq!(read("/x?q=a&q=b").expect_err("refused"), "q is given once");
        let asked = read("/x?q=&limit=1000").expect("taken");
        assert_eq!((asked.text("q"), asked.limit().ok(), asked.cursor::<i64>().ok()), (None, Some(1_000), Some(None)));
        for wrong in ["/x?limit=0", "/x?limit=1001", "/x?limit=", "/x?limit=x"] {
            assert!(read(wrong).expect("taken").limit().is_err(), "{wrong}");
        }
        assert!(read("/x?cursor=").expect("taken").cursor::<i64>().is_err());
    }

    #[test]
    fn the_next_page_asks_for_the_same() {
        let response = read("/x?q=a%20b&cursor=9&limit=5").expect("taken").page(&[1], Some(4));
        assert_eq!(response.headers()[LINK], "</x?q=a+b&limit=5&cursor=4>; rel=\"next\"");
        assert!(!read("/x").expect("taken").page(&[1], None::<i64>).headers().contains_key(LINK));
    }
}
