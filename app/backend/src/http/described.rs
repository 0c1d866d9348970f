//! What the description says of a request: the parameters of its address, the fields of its body, and what each may be.

use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Required, Schema};

/// What a parameter or a field may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// True or false.
    Truth,
    /// A list of texts.
    Texts,
    /// An object with fields of any name.
    Object,
}

impl Shape {
    /// As the document has it. `or_null`: null stands for nothing, as in a field of a body that may be left out.
    fn schema(self, or_null: bool, doc: &str) -> Schema {
        let of = |kind| if or_null { SchemaType::Array(vec![kind, Type::Null]) } else { SchemaType::Type(kind) };
        let object = |kind| ObjectBuilder::new().schema_type(of(kind)).description(Some(doc));
        match self {
            Self::Text => object(Type::String).build().into(),
            Self::OneOf(texts) => {
                let null = or_null.then_some(Value::Null);
                object(Type::String).enum_values(Some(texts.iter().map(|text| json!(text)).chain(null))).build().into()
            }
            Self::Whole(least, most) => object(Type::Integer).minimum(Some(least)).maximum(Some(most)).build().into(),
            Self::Truth => object(Type::Boolean).build().into(),
            Self::Texts => {
                let text = ObjectBuilder::new().schema_type(Type::String);
                Schema::Array(ArrayBuilder::new().schema_type(of(Type::Array)).items(text).description(Some(doc)).build())
            }
            Self::Object => object(Type::Object).build().into(),
        }
    }
}

/// A parameter of the query, or a field of a body that is a JSON object.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub shape: Shape,
    /// Whether a request without it is wrong.
    pub required: bool,
    /// What it does.
    pub doc: &'static str,
}

impl Named {
    /// It stands in the query.
    pub(super) fn in_query(&self) -> Parameter {
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(if self.required { Required::True } else { Required::False })
            .description(Some(self.doc))
            .schema(Some(self.shape.schema(false, self.doc)))
            .build()
    }
}

/// A body that is a JSON object with these fields and no others.
pub(super) fn object_of(fields: &[Named]) -> Schema {
    let mut object = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for Named { name, shape, required, doc } in fields {
        object = object.property(*name, shape.schema(!required, doc));
        if *required {
            object = object.required(*name);
        }
    }
    object.build().into()
}

/// What stands in braces in the pattern of a route. Examples are what the tests of the description have made before.
const IN_PATHS: [(&str, &str, &str); 6] = [
    ("id", "The device's id", "m1"),
    ("command", "The command's id", "c1"),
    ("unclaimed", "The id that the device wants", "u1"),
    ("user", "The number of somebody's account", "2"),
    ("key", "The key's number", "1"),
    ("provider", "The provider's name in the settings", "google"),
];

/// The parameters of a route's pattern.
pub(super) fn in_path(pattern: &str) -> impl Iterator<Item = Parameter> {
    let used = IN_PATHS.into_iter().filter(move |(name, ..)| pattern.contains(&format!("{{{name}}}")));
    used.map(|(name, doc, example)| {
        let (schema, example) = match example.parse::<i64>() {
            Ok(number) => (ObjectBuilder::new().schema_type(Type::Integer), json!(number)),
            // Who comes with any other is led back to the door, which says that there is no such provider.
            Err(_) if name == "provider" => (ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)), json!(example)),
            Err(_) => (ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9:_.-]{1,64}$")), json!(example)),
        };
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        parameter.description(Some(doc)).schema(Some(schema)).example(Some(example)).build()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(schema: &Schema) -> Value {
        serde_json::to_value(schema).expect("a schema is JSON")
    }

    #[test]
    fn a_field_that_may_be_left_out_may_be_null() {
        let fields = [
            Named { name: "name", shape: Shape::Text, required: true, doc: "Its name" },
            Named { name: "lang", shape: Shape::OneOf(&["es", "en"]), required: false, doc: "Its language" },
            Named { name: "days", shape: Shape::Whole(1, 9), required: false, doc: "For how long" },
            Named { name: "scopes", shape: Shape::Texts, required: true, doc: "What it may" },
        ];
        let found = written(&object_of(&fields));
        assert_eq!((&found["required"], &found["additionalProperties"]), (&json!(["name", "scopes"]), &json!(false)), "{found}");
        let of = |name: &str| &found["properties"][name];
        assert_eq!(of("name"), &json!({ "type": "string", "description": "Its name" }));
        assert_eq!((&of("lang")["type"], &of("lang")["enum"]), (&json!(["string", "null"]), &json!(["es", "en", null])));
        assert_eq!(of("days"), &json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 9, "description": "For how long" }));
        assert_eq!((&of("scopes")["type"], &of("scopes")["items"]), (&json!("array"), &json!({ "type": "string" })));
    }

    #[test]
    fn every_name_in_a_pattern_is_described() {
        let names: Vec<_> = in_path("/api/v1/devices/{id}/commands/{command}").map(|found| found.name).collect();
        assert_eq!(names, ["id", "command"]);
    }
}
