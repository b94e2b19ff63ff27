use super::super::fixture::{Fixture, instant};
use super::super::invitation_issuer::StoredIssuer;
use super::*;
use crate::domain::ids::OwnerId;
use crate::domain::invitation::IssuerSettings;
use crate::domain::invitation::issuer::IssuerChanges;
use crate::domain::invitation::key::{InvitationKey, SigningKeyState};
use crate::domain::invitation::search::Searcher;
use crate::domain::invitation::window::{Access, AccessWindow};
use crate::domain::jws::JwsAlgorithm;

fn issuer() -> StoredIssuer {
    let changes = IssuerChanges {
        issuer: Some("https://invite.example".to_owned()),
        audience: Some(vec!["app".to_owned()]),
        link_base: Some("https://app.example/".parse().unwrap()),
        ..IssuerChanges::default()
    };
    StoredIssuer {
        settings: IssuerSettings::after(None, changes).unwrap(),
        owner: OwnerId::new(),
        created_at: instant(0),
        updated_at: instant(0),
    }
}

/// An issuer with a key.
fn set_up(rows: &Rows<'_>) -> (InvitationKey, Searcher) {
    let search_key = Searcher::new_key();
    rows.insert_issuer(&issuer(), &search_key).unwrap();
    let (mut key, private) = InvitationKey::generate(JwsAlgorithm::ES256, instant(0)).unwrap();
    key.state = SigningKeyState::Active;
    rows.insert_invitation_key(&key, &private).unwrap();
    (key, Searcher::new(&search_key))
}

fn invitation(kid: &str) -> (Invitation, Email) {
    let email: Email = "ann@supplier.example".parse().unwrap();
    let invitation = Invitation {
        id: InvitationId::new(),
        state: State::Created,
        kid: kid.to_owned(),
        token_hash: InvitationId::new().to_string(),
        masked_email: Some(email.masked()),
        company: Some("Acme".to_owned()),
        requester: None,
        purpose: "supplier_onboarding".to_owned(),
        scopes: vec!["supplier.onboard".to_owned()],
        uses: 2,
        uses_left: 2,
        created_at: instant(0),
        expires_at: instant(1000),
        steps: Steps::default(),
        erased_at: None,
    };
    (invitation, email)
}

#[test]
fn an_invitation_is_found_by_its_address_and_its_state() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    let (key, searcher) = set_up(&rows);
    let (invitation, email) = invitation(&key.kid);
    let hash = searcher.email(&email);
    rows.insert_invitation(&invitation, &email, &hash).unwrap();
    assert_eq!(rows.invitation(&invitation.id).unwrap(), Some(invitation.clone()));
    let count = |filter: &InvitationFilter, now| rows.invitations(filter, instant(now)).unwrap().len();
    let by_email = InvitationFilter { email: Some(hash.clone()), ..InvitationFilter::default() };
    assert_eq!(count(&by_email, 0), 1);
    let other = searcher.email(&"bob@supplier.example".parse().unwrap());
    assert_eq!(count(&InvitationFilter { email: Some(other), ..InvitationFilter::default() }, 0), 0);
    let expired = InvitationFilter { state: Some(State::Expired), ..by_email };
    assert_eq!((count(&expired, 999), count(&expired, 1000)), (0, 1), "whether or not it was written down");
    assert_eq!(rows.open_invitations(&hash, instant(999)).unwrap(), 1);
    assert_eq!(rows.open_invitations(&hash, instant(1000)).unwrap(), 0);
}

#[test]
fn of_two_moves_from_one_state_one_wins() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    let (key, searcher) = set_up(&rows);
    let (before, email) = invitation(&key.kid);
    rows.insert_invitation(&before, &email, &searcher.email(&email)).unwrap();
    let mut after = before.clone();
    after.enter(State::Sent, instant(5));
    assert!(rows.move_invitation(&before, &after).unwrap());
    assert!(!rows.move_invitation(&before, &after).unwrap());
    assert_eq!(rows.invitation(&before.id).unwrap(), Some(after.clone()));
    let used = Invitation { uses_left: 1, ..after.clone() };
    assert!(rows.move_invitation(&after, &used).unwrap() && !rows.move_invitation(&after, &used).unwrap());
}

#[test]
fn a_viewer_sees_the_mask_and_nothing_behind_it() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    let (key, searcher) = set_up(&rows);
    let (invitation, email) = invitation(&key.kid);
    rows.insert_invitation(&invitation, &email, &searcher.email(&email)).unwrap();
    rows.keep_invitation_address(&invitation.id, "203.0.113.7".parse().unwrap()).unwrap();
    rows.keep_invitation_address(&invitation.id, "203.0.113.8".parse().unwrap()).unwrap();
    let (address, from) = rows.invitation_person(&invitation.id).unwrap();
    assert_eq!(address.unwrap().expose(), b"ann@supplier.example");
    assert_eq!(from.unwrap().expose(), b"203.0.113.7", "the first one stays");
    let viewer = fixture.viewer();
    assert_eq!(
        viewer.invitation(&invitation.id).unwrap().unwrap().masked_email.unwrap(),
        "a***@s***.example"
    );
    assert!(matches!(viewer.invitation_person(&invitation.id), Err(VaultError::NotOperator)));
    assert!(matches!(viewer.search_key(), Err(VaultError::NotOperator)));
    assert!(matches!(viewer.invitation_private_key(&key.kid), Err(VaultError::NotOperator)));
}

#[test]
fn what_was_erased_is_gone() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    let (key, searcher) = set_up(&rows);
    let (invitation, email) = invitation(&key.kid);
    let hash = searcher.email(&email);
    rows.insert_invitation(&invitation, &email, &hash).unwrap();
    rows.erase_invitation(&invitation.id, instant(9)).unwrap();
    let left = rows.invitation(&invitation.id).unwrap().unwrap();
    assert_eq!((left.masked_email, left.company, left.requester), (None, None, None));
    assert_eq!((left.erased_at, left.token_hash), (Some(instant(9)), invitation.token_hash));
    assert!(matches!(rows.invitation_person(&invitation.id), Ok((None, None))));
    let filter = InvitationFilter { email: Some(hash), ..InvitationFilter::default() };
    assert!(rows.invitations(&filter, instant(9)).unwrap().is_empty());
}

#[test]
fn a_key_that_signs_no_more_loses_its_private_half_and_keeps_its_name() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    let (mut key, _) = set_up(&rows);
    let (second, private) = InvitationKey::generate(JwsAlgorithm::ES256, instant(1)).unwrap();
    let twin = InvitationKey { state: SigningKeyState::Active, ..second.clone() };
    assert!(matches!(rows.insert_invitation_key(&twin, &private), Err(VaultError::Taken(_))));
    rows.insert_invitation_key(&second, &private).unwrap();
    assert!(rows.invitation_private_key(&key.kid).is_ok());
    (key.state, key.ended_at) = (SigningKeyState::Retired, Some(instant(2)));
    rows.update_invitation_key(&key).unwrap();
    assert!(matches!(rows.invitation_private_key(&key.kid), Err(VaultError::Gone(_))));
    assert_eq!(rows.invitation_keys().unwrap(), [second, key.clone()]);
    assert!(matches!(
        rows.insert_invitation_key(&key, &private),
        Err(VaultError::Taken(_) | VaultError::Database(_))
    ));
}

#[test]
fn the_accesses_belong_to_this_issuer() {
    let fixture = Fixture::new();
    let rows = fixture.rows();
    assert_eq!(rows.access_window().unwrap(), AccessWindow::default());
    set_up(&rows);
    let mut window = AccessWindow::default();
    window.record(Access { at: instant(0), invitation: Some(InvitationId::new()), address: None });
    let owner = rows.issuer().unwrap().unwrap().owner;
    assert!(!rows.put_access_window(&OwnerId::new(), &window).unwrap());
    assert!(rows.put_access_window(&owner, &window).unwrap());
    assert_eq!(rows.access_window().unwrap(), window);
    assert!(matches!(rows.insert_issuer(&issuer(), &Searcher::new_key()), Err(VaultError::Taken(_))));
}
