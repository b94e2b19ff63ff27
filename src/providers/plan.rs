//! How a connection comes to its tokens, worked out from the vendor, the connection's settings and its app's
//! registration: the one thing that the flows read, so that they need not know whose settings say what.

use url::Url;

use super::descriptor;
use super::descriptor::{Descriptor, HarmlessCall};
use super::endpoints::{EndpointError, EndpointRequest, Endpoints, endpoints};
use super::settings::{SettingsError, check_registration, check_settings};
use crate::domain::registration::Registration;
use crate::domain::settings::{
    ClientAuthentication, GrantKind, ScopeStyle, SigningAlgorithm, SubjectClaim, settings_hash,
};

/// Everything that takes part in the exchanges of a connection, but for the secrets.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The vendor.
    pub vendor: &'static Descriptor,
    /// How the connection comes to its tokens.
    pub grant: GrantKind,
    /// How the client proves who it is.
    pub authentication: ClientAuthentication,
    /// The client id.
    pub client_id: String,
    /// The scopes asked for; empty leaves them to the vendor.
    pub scopes: Vec<String>,
    /// The audience asked for.
    pub audience: Option<String>,
    /// The customer's account that a grant is for.
    pub realm: Option<String>,
    /// How a client assertion is written.
    pub assertion: AssertionPlan,
    /// Where requests go, checked.
    pub endpoints: Endpoints,
    /// What a token is remembered to have been obtained with (`TokenFacts::settings`).
    pub hash: String,
}

impl Plan {
    /// The call that proves an access token without changing anything, and where it goes; `None` if there is none here.
    pub fn harmless(&self) -> Option<(HarmlessCall, Url)> {
        let call = self.vendor.harmless_call?;
        let mut url = self.endpoints.api()?.clone();
        if call == HarmlessCall::CompanyInfo {
            let realm = self.realm.as_deref()?;
            // Segment by segment: a realm with a slash must not lead elsewhere.
            url.path_segments_mut().ok()?.pop_if_empty().extend([
                "v3",
                "company",
                realm,
                "companyinfo",
                realm,
            ]);
            // `vendors.md` 2.6: the lowest version that still counts.
            url.query_pairs_mut().append_pair("minorversion", "75");
        }
        Some((call, url))
    }
}

/// How a client assertion is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionPlan {
    /// The signature algorithm if not the key's default.
    pub algorithm: Option<SigningAlgorithm>,
    /// From `iat` to `exp`, in seconds.
    pub seconds: u32,
    /// What `sub` says.
    pub subject: SubjectClaim,
    /// How the scopes stand in it; `None` where they are a parameter of the request (RFC 7521 section 4.1).
    pub scopes: Option<ScopeStyle>,
}

/// Why a connection has no way to a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Its requests may not go where they would.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// What is set cannot be (exit 2).
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Works out what [`plan`] does for settings that are to be stored: everything that can be checked without asking the
/// vendor is checked.
pub fn check(request: EndpointRequest<'_>) -> Result<Plan, PlanError> {
    check_settings(request.provider, request.settings)?;
    if let Some(registration) = request.registration {
        check_registration(request.provider, registration)?;
    }
    plan(request)
}

/// Works out how a connection comes to its tokens. Where requests go is checked each time.
pub fn plan(request: EndpointRequest<'_>) -> Result<Plan, PlanError> {
    let EndpointRequest { provider, settings, registration, .. } = request;
    let vendor = descriptor(provider);
    let endpoints = endpoints(request)?;
    let hash = settings_hash(settings, registration);
    let Some(own) = settings.netsuite() else {
        let registration =
            registration.ok_or_else(|| SettingsError::new("the connection belongs to no app"))?;
        return Ok(of_member(request, registration, endpoints, hash));
    };
    Ok(Plan {
        vendor,
        grant: settings.grant(),
        authentication: vendor.authentication_of(None),
        client_id: own.client_id.clone(),
        scopes: own.scopes.clone(),
        audience: None,
        realm: None,
        assertion: AssertionPlan {
            algorithm: own.signing_algorithm,
            seconds: own.assertion_seconds,
            subject: own.subject,
            scopes: Some(own.scope_style),
        },
        endpoints,
        hash,
    })
}

fn of_member(
    request: EndpointRequest<'_>,
    registration: &Registration,
    endpoints: Endpoints,
    hash: String,
) -> Plan {
    let vendor = descriptor(request.provider);
    let member = request.settings.member();
    let own_scopes = member.map(|member| &member.scopes).filter(|scopes| !scopes.is_empty());
    let mut scopes = own_scopes.unwrap_or(&registration.scopes).clone();
    let grant = request.settings.grant();
    if scopes.is_empty()
        && grant == GrantKind::RefreshToken
        && let Some(consent) = &vendor.consent
    {
        scopes = consent.default_scopes.iter().map(|&scope| scope.to_owned()).collect();
    }
    let audience = member.and_then(|member| member.audience.clone());
    Plan {
        vendor,
        grant,
        authentication: vendor.authentication_of(Some(registration)),
        client_id: registration.client_id.clone(),
        scopes,
        audience: audience.or_else(|| vendor.default_audience.map(str::to_owned)),
        realm: member.and_then(|member| member.realm.clone()),
        assertion: AssertionPlan {
            algorithm: registration.signing_algorithm,
            seconds: registration.assertion_seconds,
            // RFC 7523 section 3: required for client authentication.
            subject: SubjectClaim::ClientId,
            scopes: None,
        },
        endpoints,
        hash,
    }
}
