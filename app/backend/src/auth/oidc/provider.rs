//! What is said to a provider and heard from it.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, LanguageTag, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, TokenResponse as _,
    UserInfoError,
};

use super::Refused;
use crate::auth::sign_in::is_email;
use crate::auth::tries::Tries;
use crate::config::{Most, Oidc, OidcProvider, Settings};
use crate::outbound::{Outbound, OutboundError, Reach};
use crate::world::World;

/// How long a provider's description of itself and its keys are good.
const GOOD: Duration = Duration::from_secs(60 * 60);
/// How old they have to be before a key that nobody knows is a reason to ask again.
const ASKED_AGAIN: Duration = Duration::from_secs(30);
/// How many sign-ins may be begun in ten minutes from one address; behind it may be a whole office.
const BEGUN: Most = Most { per_account: 120, per_address: 120 };
/// The longest name of somebody at a provider, in bytes (OpenID Connect Core, 2).
const LONGEST_SUBJECT: usize = 255;
/// What a token may be signed by: keys of which the provider alone has the half that signs.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The providers of an installation, and what they last said of themselves.
pub struct Providers {
    settings: Oidc,
    /// The address that they lead people back to.
    base: String,
    /// None where there are no providers.
    outbound: Option<Outbound>,
    world: World,
    begun: Tries,
    described: Mutex<HashMap<String, Described>>,
}

#[derive(Clone)]
struct Described {
    metadata: Arc<CoreProviderMetadata>,
    at: Instant,
}

/// One of them.
pub(super) struct Provider<'a> {
    name: &'a str,
    settings: &'a OidcProvider,
    outbound: &'a Outbound,
    all: &'a Providers,
}

/// A question for a provider: its page, and what has to come back.
pub(super) struct Asked {
    pub(super) url: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// Who somebody is, by their provider's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) subject: String,
    /// Their address, if it is one.
    pub(super) email: Option<String>,
    /// Whether the provider has seen that it is theirs.
    pub(super) is_verified: bool,
    pub(super) name: Option<String>,
    /// `es` or `en`.
    pub(super) lang: Option<&'static str>,
}

impl Providers {
    /// Those of the settings. Nobody is asked anything yet.
    ///
    /// # Errors
    /// [`OutboundError::Client`].
    pub fn new(settings: &Settings, world: &World) -> Result<Self, OutboundError> {
        let outbound = if settings.oidc.is_empty() { None } else { Some(Outbound::new(Reach::Anywhere)?) };
        Ok(Self { outbound, ..Self::none(settings, world) })
    }

    /// Those of the settings, none of which is ever asked.
    #[must_use]
    pub(crate) fn none(settings: &Settings, world: &World) -> Self {
        Self {
            settings: settings.oidc.clone(),
            base: settings.http.public_url.as_deref().unwrap_or_default().trim_end_matches('/').to_owned(),
            outbound: None,
            world: world.clone(),
            begun: Tries::new(BEGUN, Arc::clone(&world.clock)),
            described: Mutex::default(),
        }
    }

    pub(super) fn named<'a>(&'a self, name: &str) -> Option<Provider<'a>> {
        let (name, settings) = self.settings.get_key_value(name)?;
        Some(Provider { name, settings, outbound: self.outbound.as_ref()?, all: self })
    }

    /// Who began how many.
    pub(super) fn begun(&self) -> &Tries {
        &self.begun
    }

    /// What the provider at this address is called.
    pub(super) fn label_of(&self, issuer: &str) -> Option<&str> {
        self.settings.iter().find(|(_, provider)| provider.issuer == issuer).map(|(name, provider)| provider.label(name))
    }
}

impl Provider<'_> {
    pub(super) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    pub(super) fn label(&self) -> &str {
        self.settings.label(self.name)
    }

    /// A question who somebody is.
    pub(super) async fn ask(&self) -> Result<Asked, Refused> {
        let metadata = self.metadata(GOOD).await?;
        let client = self.client(&metadata)?;
        let [state, nonce, verifier] = [(); 3].map(|()| BASE64URL_NOPAD.encode(&self.all.world.bytes::<32>()));
        let (to_state, to_nonce) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, || to_state, || to_nonce);
        // It asks for `openid` by itself.
        let scopes = self.settings.scopes.split_whitespace().filter(|scope| *scope != "openid");
        let (url, ..) = request.add_scopes(scopes.map(|scope| Scope::new(scope.to_owned()))).set_pkce_challenge(challenge).url();
        Ok(Asked { url: url.into(), state, nonce, verifier })
    }

    /// Who a code stands for. The token is checked by signature, issuer, audience, nonce and our clock.
    pub(super) async fn who(&self, code: String, verifier: &str, nonce: &str) -> Result<Person, Refused> {
        let metadata = self.metadata(GOOD).await?;
        let (client, way) = (self.client(&metadata)?, self.way());
        let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| refused(&error))?;
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        let tokens: CoreTokenResponse = exchange.request_async(&way).await.map_err(|error| match error {
            RequestTokenError::Request(error) => error.into(),
            RequestTokenError::ServerResponse(said) => Refused::Refused(format!("it takes no code: {:?}", said.error())),
            other => refused(&other),
        })?;
        let token = tokens.id_token().ok_or_else(|| Refused::Refused("it does not say who it is".to_owned()))?;
        let nonce = Nonce::new(nonce.to_owned());
        let claims = match self.claims(&client, token, &nonce) {
            // Keys change; one that was not there the last time may be there now.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_),
            )) => {
                let now = self.metadata(ASKED_AGAIN).await?;
                self.claims(&self.client(&now)?, token, &nonce)
            }
            checked => checked,
        };
        let person = person(&claims.map_err(|error| refused(&error))?)?;
        if person.email.is_some() {
            return Ok(person);
        }
        // Some say addresses only where one asks once more.
        let Ok(request) =
            client.user_info(tokens.access_token().clone(), Some(openidconnect::SubjectIdentifier::new(person.subject.clone())))
        else {
            return Ok(person);
        };
        let more: CoreUserInfoClaims = request.request_async(&way).await.map_err(|error| match error {
            UserInfoError::Request(error) => error.into(),
            other => refused(&other),
        })?;
        Ok(Person {
            email: more.email().map(|email| email.to_string()).filter(|email| is_email(email)),
            is_verified: more.email_verified() == Some(true),
            name: person.name.or_else(|| more.name().and_then(|name| name.get(None)).map(|name| name.to_string())),
            lang: person.lang.or_else(|| more.locale().and_then(lang)),
            subject: person.subject,
        })
    }

    fn claims(&self, client: &Client, token: &CoreIdToken, nonce: &Nonce) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
        let clock = Arc::clone(&self.all.world.clock);
        let now = move || DateTime::<Utc>::from_timestamp_millis(clock.now_ms()).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let verifier = client.id_token_verifier().set_allowed_algs(SIGNED_BY).set_time_fn(now);
        token.claims(&verifier, nonce).cloned()
    }

    fn way(&self) -> Way<'_> {
        Way { outbound: self.outbound, tls: self.settings.issuer.starts_with("https://") }
    }

    /// What it says of itself, not longer ago than `age`.
    async fn metadata(&self, age: Duration) -> Result<Arc<CoreProviderMetadata>, Refused> {
        let now = self.all.world.clock.instant();
        let kept = self.all.described.lock().unwrap_or_else(PoisonError::into_inner).get(self.name).cloned();
        if let Some(kept) = kept.filter(|kept| now.saturating_duration_since(kept.at) < age) {
            return Ok(kept.metadata);
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| refused(&error))?;
        let way = self.way();
        let metadata = CoreProviderMetadata::discover_async(issuer, &way).await.map_err(|error| match error {
            DiscoveryError::Request(error) => error.into(),
            DiscoveryError::Response(status, _, _) => Refused::Away(format!("it answers with {status}")),
            other => refused(&other),
        })?;
        let metadata = Arc::new(metadata);
        let described = Described { metadata: Arc::clone(&metadata), at: now };
        self.all.described.lock().unwrap_or_else(PoisonError::into_inner).insert(self.name.to_owned(), described);
        Ok(metadata)
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Result<Client, Refused> {
        let secret = self.settings.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let back = format!("{}/api/v1/auth/oidc/{}/callback", self.all.base, self.name);
        let back = RedirectUrl::new(back).map_err(|error| refused(&error))?;
        let client = CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(self.settings.client_id.clone()), secret);
        // Basic is what everybody has to understand, unless they say that they do not.
        let ways = metadata.token_endpoint_auth_methods_supported();
        let has = |way| ways.is_some_and(|ways| ways.contains(&way));
        let in_body = has(CoreClientAuthMethod::ClientSecretPost) && !has(CoreClientAuthMethod::ClientSecretBasic);
        let way = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        Ok(client.set_redirect_uri(back).set_auth_type(way))
    }
}

/// The one client for what goes out, as the library calls it. Where the provider itself is reached by TLS, so is all that it names.
struct Way<'a> {
    outbound: &'a Outbound,
    tls: bool,
}

impl<'c> AsyncHttpClient<'c> for Way<'_> {
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutboundError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            if self.tls && request.uri().scheme_str() != Some("https") {
                return Err(OutboundError::Scheme);
            }
            self.outbound.send(request).await
        })
    }
}

/// What a token says, as far as it can be kept.
fn person(claims: &CoreIdTokenClaims) -> Result<Person, Refused> {
    let subject = claims.subject().to_string();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.contains(char::is_control) {
        return Err(Refused::Refused("it calls somebody by no name".to_owned()));
    }
    Ok(Person {
        subject,
        email: claims.email().map(|email| email.to_string()).filter(|email| is_email(email)),
        is_verified: claims.email_verified() == Some(true),
        name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
        lang: claims.locale().and_then(lang),
    })
}

/// The one of our languages that a tag like `es-MX` means.
fn lang(tag: &LanguageTag) -> Option<&'static str> {
    let tag = tag.to_string().to_ascii_lowercase();
    ["es", "en"].into_iter().find(|lang| tag.split(['-', '_']).next() == Some(lang))
}

/// An error with its causes, in one line. Their texts say what was expected and found, and hold no secret of ours.
fn refused(error: &(dyn std::error::Error + 'static)) -> Refused {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        words = format!("{words}: {found}");
        cause = found.source();
    }
    Refused::Refused(words.chars().filter(|c| !c.is_control()).take(300).collect())
}
