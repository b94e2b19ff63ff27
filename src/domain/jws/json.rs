//! JSON with one meaning only: UTF-8, no member twice, not deep.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// How deep a document may be: a token's payload needs two.
const DEEPEST: usize = 8;

/// Why a document is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// RFC 8259 section 8.1.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Two readers could see two documents (RFC 7519 section 4, RFC 8725 section 3.7).
    #[error("has a member twice")]
    Duplicate,
    /// It is made to exhaust somebody.
    #[error("is nested too deep")]
    TooDeep,
    /// It is not JSON.
    #[error("is not JSON")]
    Malformed,
}

/// Returns the document that `bytes` hold.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonProblem> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonProblem::NotUtf8)?;
    let problem = Cell::new(JsonProblem::Malformed);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0, problem: &problem }.deserialize(&mut deserializer);
    match (value, deserializer.end()) {
        (Ok(value), Ok(())) => Ok(value),
        _ => Err(problem.get()),
    }
}

/// Reads one value; what it does not like it leaves in `problem`, since serde's errors are texts.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    problem: &'a Cell<JsonProblem>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(self, problem: JsonProblem) -> E {
        self.problem.set(problem);
        E::custom(problem)
    }

    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(self.refuse(JsonProblem::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value).ok_or_else(|| E::custom("not finite"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut found = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut found = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(below)?;
            // The name in its unescaped form: `"a"` and `"\u0061"` are one member.
            if found.insert(name, value).is_some() {
                return Err(self.refuse(JsonProblem::Duplicate));
            }
        }
        Ok(Value::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_two_meanings_is_refused() {
        for (text, problem) in [
            (r#"{"a":1,"a":1}"#, JsonProblem::Duplicate),
            (r#"{"a":1,"\u0061":2}"#, JsonProblem::Duplicate),
            (r#"{"x":[{"a":1,"b":2,"a":3}]}"#, JsonProblem::Duplicate),
            (r#"{"a":1} {"a":2}"#, JsonProblem::Malformed),
            (r#"{"a":1,}"#, JsonProblem::Malformed),
            ("{'a':1}", JsonProblem::Malformed),
            ("{\"a\":NaN}", JsonProblem::Malformed),
            ("{\"a\":1e999}", JsonProblem::Malformed),
            ("\u{feff}{}", JsonProblem::Malformed),
            ("", JsonProblem::Malformed),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(problem), "{text}");
        }
        assert_eq!(parse(b"{\"a\":\"\xff\"}"), Err(JsonProblem::NotUtf8));
        assert_eq!(parse(b"{\"a\":\"\\ud800\"}"), Err(JsonProblem::Malformed));
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEEPEST).as_bytes()).is_ok());
        assert_eq!(parse(nested(DEEPEST + 1).as_bytes()), Err(JsonProblem::TooDeep));
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9a-c.\\ eun-]{0,40}"#) {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }

        #[test]
        fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse(&bytes);
        }
    }
}
