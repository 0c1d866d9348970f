//! The one client for everything that goes out by HTTP. What an operator wrote into the settings may be anywhere; what a user can set leads
//! to public addresses alone, whatever its name resolves to at the moment of connecting.

mod public;

use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};

pub use public::is_public;

/// How long a request may take, its answer included.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long of that the connection.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const ANSWER_BYTES: usize = 1024 * 1024;
/// What we call ourselves.
const AGENT: &str = concat!("vigia/", env!("CARGO_PKG_VERSION"));

/// Where requests may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Anywhere, by TLS or without: addresses that the operator wrote into the settings.
    Anywhere,
    /// To public addresses, by TLS: what a user can set.
    Public,
}

/// Why there is no answer. No address is in it: one may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The client could not be made: the machine's certificate authorities cannot be read.
    #[error("no client for what goes out: {0}")]
    Client(String),
    /// No web address.
    #[error("this is no web address")]
    Address,
    /// Not the scheme that is wanted.
    #[error("the address does not begin with https://")]
    Scheme,
    /// An address with a user or a password: those belong into a header.
    #[error("the address holds a user name or a password")]
    Credentials,
    /// An address of this machine, of a network of one's own, or of nobody.
    #[error("the address is no public one")]
    NotPublic,
    /// Nobody answered, or not in time.
    #[error("nobody answers there: {0}")]
    Away(String),
    /// The answer is longer than anybody reads.
    #[error("the answer is larger than {ANSWER_BYTES} bytes")]
    TooLarge,
}

/// Sends requests. Redirects are answers like others: nobody is led on. A proxy of the environment is not used, because behind one nobody
/// knows where a name leads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: Client,
    reach: Reach,
}

impl Outbound {
    /// A client for what may go there.
    ///
    /// # Errors
    /// [`OutboundError::Client`].
    pub fn new(reach: Reach) -> Result<Self, OutboundError> {
        let mut client = Client::builder()
            .user_agent(AGENT)
            .timeout(PATIENCE)
            .connect_timeout(PATIENCE_TO_CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            // A connection that is kept would go on to an address that the name does not have any more.
            .pool_max_idle_per_host(0);
        if reach == Reach::Public {
            client = client.https_only(true).dns_resolver(Arc::new(PublicNames));
        }
        let client = client.build().map_err(|error| OutboundError::Client(in_words(&error)))?;
        Ok(Self { client, reach })
    }

    /// Sends a request and reads the answer to its end, whatever its status.
    ///
    /// # Errors
    /// [`OutboundError`]; what is refused for its address was not sent.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutboundError> {
        let (parts, body) = request.into_parts();
        let url = self.allowed(&parts.uri.to_string())?;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = Some(body.into());
        let mut answer = self.client.execute(request).await.map_err(away)?;
        let mut whole = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(away)? {
            if whole.len() + piece.len() > ANSWER_BYTES {
                return Err(OutboundError::TooLarge);
            }
            whole.extend_from_slice(&piece);
        }
        let mut response = Response::new(whole);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    /// The address as it is understood where it is connected to, if requests may go there. An address that is a number is looked at here,
    /// since it is no name that anybody resolves; `0x7f.1` and its like are numbers by then.
    fn allowed(&self, address: &str) -> Result<Url, OutboundError> {
        let url = Url::parse(address).map_err(|_| OutboundError::Address)?;
        match (url.scheme(), self.reach) {
            ("https", _) | ("http", Reach::Anywhere) => {}
            _ => return Err(OutboundError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Credentials);
        }
        let host = url.host_str().ok_or(OutboundError::Address)?;
        let number = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if self.reach == Reach::Public && number.is_some_and(|number| !is_public(number)) {
            return Err(OutboundError::NotPublic);
        }
        Ok(url)
    }
}

/// Names with the public ones of their addresses. What is found here is what is connected to: no second look could find another.
#[derive(Debug)]
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(OutboundError::NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// The guard's own word, wherever it stands in what the client says.
fn away(error: reqwest::Error) -> OutboundError {
    let mut cause = error.source();
    while let Some(found) = cause {
        if let Some(OutboundError::NotPublic) = found.downcast_ref() {
            return OutboundError::NotPublic;
        }
        cause = found.source();
    }
    OutboundError::Away(in_words(&error.without_url()))
}

/// An error with its causes, in one line.
fn in_words(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        words = format!("{words}: {found}");
        cause = found.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn get(address: &str) -> Request<Vec<u8>> {
        Request::get(address).body(Vec::new()).expect("a request")
    }

    fn to(reach: Reach) -> Outbound {
        Outbound::new(reach).expect("a client")
    }

    /// Answers one request with these bytes, on this machine; the port, and what becomes the request.
    async fn answering(bytes: Vec<u8>) -> (u16, impl Future<Output = String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let answered = async move {
            let (mut peer, _) = listener.accept().await.expect("somebody comes");
            let mut heard = vec![0; 4_096];
            let length = peer.read(&mut heard).await.expect("a request");
            // Who has read enough hangs up.
            let _ = peer.write_all(&bytes).await;
            let _ = peer.shutdown().await;
            String::from_utf8_lossy(&heard[..length]).into_owned()
        };
        (port, answered)
    }

    #[test]
    fn only_web_addresses_without_secrets_and_for_users_only_public_ones() {
        use OutboundError::{Address, Credentials, NotPublic, Scheme};
        let allowed = |reach, address: &str| to(reach).allowed(address).map(|url| url.to_string());
        for (address, wanted) in [
            ("https://example.org/hook?x=1", Ok(())),
            ("https://example.org:8443", Ok(())),
            ("https://93.184.215.14/", Ok(())),
            ("https://[2606:4700::1111]/", Ok(())),
            ("http://example.org/", Err(Scheme)),
            ("ftp://example.org/", Err(Scheme)),
            ("file:///etc/passwd", Err(Scheme)),
            ("example.org", Err(Address)),
            ("https://", Err(Address)),
            ("https://user:password@example.org/", Err(Credentials)),
            ("https://user@example.org/", Err(Credentials)),
            ("https://127.0.0.1/", Err(NotPublic)),
            ("https://0x7f.1/", Err(NotPublic)),
            ("https://2130706433/", Err(NotPublic)),
            ("https://0177.0.0.1/", Err(NotPublic)),
            ("https://169.254.169.254/latest/meta-data/", Err(NotPublic)),
            ("https://[::1]/", Err(NotPublic)),
            ("https://[::ffff:10.0.0.1]/", Err(NotPublic)),
        ] {
            let found = allowed(Reach::Public, address).map(drop).map_err(|error| error.to_string());
            assert_eq!(found, wanted.map_err(|error| error.to_string()), "{address}");
        }
        for address in ["http://127.0.0.1:8080/", "http://nas.local/", "https://10.0.0.1/"] {
            assert!(allowed(Reach::Anywhere, address).is_ok(), "{address}");
        }
        assert!(matches!(to(Reach::Anywhere).allowed("https://u:p@10.0.0.1/"), Err(Credentials)));
    }

    #[tokio::test]
    async fn what_the_operator_wrote_is_reached_and_a_redirect_is_an_answer() {
        let (port, answered) =
            answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nhi".to_vec()).await;
        let (outbound, address) = (to(Reach::Anywhere), format!("http://127.0.0.1:{port}/a?b=c"));
        let (answer, heard) = tokio::join!(outbound.send(get(&address)), answered);
        let answer = answer.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (302, b"hi".as_slice()));
        assert_eq!(answer.headers()["location"], "http://127.0.0.1:1/");
        assert!(heard.starts_with("GET /a?b=c HTTP/1.1") && heard.contains(AGENT), "{heard}");
    }

    #[tokio::test]
    async fn nobody_on_this_machine_hears_of_what_a_user_set() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        // By number and by a name that leads there.
        for host in ["127.0.0.1", "localhost"] {
            let refused = to(Reach::Public).send(get(&format!("https://{host}:{port}/"))).await;
            assert!(matches!(refused, Err(OutboundError::NotPublic)), "{host}: {refused:?}");
        }
        let nobody = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        assert!(nobody.is_err(), "somebody connected");
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_not_read_to_it() {
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        bytes.resize(2 * ANSWER_BYTES, b'x');
        let (port, answered) = answering(bytes).await;
        let (outbound, address) = (to(Reach::Anywhere), format!("http://127.0.0.1:{port}/"));
        let (answer, _) = tokio::join!(outbound.send(get(&address)), answered);
        assert!(matches!(answer, Err(OutboundError::TooLarge)), "{answer:?}");
    }

    #[tokio::test]
    async fn who_is_away_is_told_without_the_address() {
        let port = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound").port();
        let error = to(Reach::Anywhere).send(get(&format!("http://127.0.0.1:{port}/?token=hunter2"))).await.expect_err("nobody is there");
        assert!(matches!(error, OutboundError::Away(_)) && !error.to_string().contains("hunter2"), "{error}");
    }
}
