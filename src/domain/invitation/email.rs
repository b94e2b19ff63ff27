//! Whom an invitation is for: an address, its form for comparing, its form for those who may not know it.

use std::fmt;
use std::str::FromStr;

use url::Host;

use crate::domain::ids::InvalidName;

/// An e-mail address: personal data, so it has no `Debug` that shows it and is never part of an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    local: String,
    domain: String,
}

impl Email {
    /// The address to write to: the local part as it was given, the domain as the DNS knows it.
    pub fn address(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// What two spellings of one address have in common: RFC 5321 section 2.3.11 lets only the addressee know
    /// whether case counts before the `@`, and in practice it never does.
    pub fn normalised(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain)
    }

    /// The address for those who may not know it: first letters and the last label.
    pub fn masked(&self) -> String {
        let last = self.domain.rsplit('.').next().unwrap_or_default();
        format!("{}***@{}***.{last}", first(&self.local), first(&self.domain))
    }
}

fn first(text: &str) -> String {
    text.chars().take(1).collect()
}

impl fmt::Debug for Email {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Email({})", self.masked())
    }
}

/// Source: RFC 5321 sections 4.1.2 and 4.5.3.1, RFC 6531 for letters beyond ASCII; no quoted local parts, no
/// address literals, and a domain with a dot, since an invitation goes outside.
impl FromStr for Email {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let refused = || InvalidName("must be an e-mail address such as ann@supplier.example".to_owned());
        let (local, domain) = text.trim().rsplit_once('@').ok_or_else(refused)?;
        let atom = |char: char| char.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(char);
        let local_fine = (1..=64).contains(&local.len())
            && local.chars().all(atom)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let Ok(Host::Domain(domain)) = Host::parse(domain) else { return Err(refused()) };
        let label =
            |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
        let domain_fine = domain.contains('.')
            && domain.len() <= 253
            && domain.split('.').all(label)
            && domain.chars().all(|char| char.is_ascii_alphanumeric() || "-.".contains(char));
        if local_fine && domain_fine { Ok(Self { local: local.to_owned(), domain }) } else { Err(refused()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_address_has_one_normal_form() {
        for (text, normal) in [
            ("Ann.Lee+po@Supplier.Example", "ann.lee+po@supplier.example"),
            ("  ann@supplier.example ", "ann@supplier.example"),
            ("Jürgen@Müller.example", "jürgen@xn--mller-kva.example"),
        ] {
            assert_eq!(text.parse::<Email>().unwrap().normalised(), normal);
        }
        assert_eq!("Ann@X.example".parse::<Email>().unwrap().address(), "Ann@x.example");
    }

    #[test]
    fn the_mask_shows_first_letters_only() {
        let email: Email = "ann.lee@mail.supplier.example".parse().unwrap();
        assert_eq!(email.masked(), "a***@m***.example");
        assert_eq!(format!("{email:?}"), "Email(a***@m***.example)");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_quoted() {
        for text in [
            "",
            "@",
            "ann",
            "ann@",
            "@x.example",
            "ann@localhost",
            "ann@[127.0.0.1]",
            "ann@127.0.0.1",
            "a b@x.example",
            "\"a b\"@x.example",
            "a..b@x.example",
            ".a@x.example",
            "a.@x.example",
            "a@x..example",
            "a@-x.example",
            "a@x_y.example",
            "a@b@c\u{202e}.example",
            "a\u{1b}[31m@x.example",
            "a\n@x.example",
            "a,b@x.example",
            "<a@x.example>",
        ] {
            let error = text.parse::<Email>().unwrap_err().to_string();
            assert_eq!(error, "must be an e-mail address such as ann@supplier.example", "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "[A-Za-z.+]{1,9}@[A-Za-zäß-]{1,9}\\.[a-z]{2,3}") {
            if let Ok(email) = text.parse::<Email>() {
                let again: Email = email.normalised().parse().unwrap();
                prop_assert_eq!(again.normalised(), email.normalised());
            }
        }

        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            let _ = text.parse::<Email>().map(|email| (email.masked(), email.normalised()));
        }
    }
}
