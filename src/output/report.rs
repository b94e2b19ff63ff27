//! The contract of every command's result.

use serde::Serialize;
use serde_json::Value;

use super::listing::Listing;
use super::view::View;

/// What a command found or did, ready for every format.
pub trait Report {
    /// Name and version of the data's shape, such as `verify/1`; additive changes keep the number.
    fn schema(&self) -> &'static str;

    /// The data, from structures of its own (`output/reports`): a renamed domain field changes no script's life.
    fn data(&self) -> Value;

    /// The same for people.
    fn view(&self) -> View;

    /// What the formats made of rows show, and what `--fields` chooses from.
    fn listing(&self) -> Listing;
}

/// Returns `value` as JSON data.
///
/// Contract: `value` is a structure of ours with string keys, for which serialisation cannot fail; one that fails
/// is shown as `null`, and loudly in tests.
pub fn to_value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| {
        debug_assert!(false, "a report must serialise: {error}");
        Value::Null
    })
}
