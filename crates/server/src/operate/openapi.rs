//! The API described for programs: OpenAPI 3.1, made from the same list that routes requests.

use crate::route::{Access, Doc, Route, Routes};
use axum::{
    http::{Method, header},
    response::{IntoResponse, Response},
};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

pub(super) fn routes(r: &mut Routes) {
    r.page("/api/openapi.json", Access::Open, show);
}

async fn show() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| document(&crate::routes().list).to_string());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

/// The whole document.
fn document(routes: &[Route]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.definitions_path = "/components/schemas".into();
        s.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        if let Some(doc) = &route.doc {
            let (path, parameters) = template(route.path);
            let operation = operation(&mut generator, route, doc, parameters);
            let entry = paths.entry(path).or_insert_with(|| json!({}));
            entry[route.method.as_str().to_lowercase()] = operation;
        }
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".into(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hangtu",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the pages can do, as JSON. Changes carry the header Origin when a \
                            cookie is used; a token needs none.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/api/v1" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": crate::auth::session::COOKIE },
            },
        },
    })
}

/// RFC 9457, with the field of the form that is meant.
fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "field": { "type": ["string", "null"] },
        },
    })
}

/// The path as OpenAPI writes it, and its parameters.
fn template(path: &str) -> (String, Vec<Value>) {
    let mut names = Vec::new();
    let parts: Vec<String> = path
        .split('/')
        .map(|part| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) => {
                let name = name.trim_start_matches('*');
                names.push(json!({
                    "name": name, "in": "path", "required": true, "schema": { "type": "string" },
                }));
                format!("{{{name}}}")
            }
            None => part.to_owned(),
        })
        .collect();
    (parts.join("/"), names)
}

fn operation(
    generator: &mut SchemaGenerator,
    route: &Route,
    doc: &Doc,
    mut parameters: Vec<Value>,
) -> Value {
    if let Some(query) = doc.query {
        parameters.extend(fields(generator, query));
    }
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = route.path.chars().map(word).collect();
    let id = format!("{}{}", route.method.as_str().to_lowercase(), name.trim_end_matches('-'));
    let json = "application/json";
    let success = match doc.returns {
        Some(schema) if doc.gives == json => json!({ "schema": schema(generator) }),
        // YAML is read as what it says, not as bytes.
        _ if doc.gives == json || doc.gives.ends_with("yaml") => json!({ "schema": {} }),
        _ => json!({ "schema": { "type": "string", "format": "binary" } }),
    };
    let mut operation = json!({
        "operationId": id,
        "summary": doc.summary,
        "parameters": parameters,
        "responses": {
            "200": { "description": "Done", "content": { doc.gives: success } },
            "default": {
                "description": "Not done, and why",
                "content": { "application/problem+json": {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                } },
            },
        },
        "security": if route.access == Access::Open {
            json!([])
        } else {
            json!([{ "token": [] }, { "session": [] }])
        },
    });
    if doc.takes != json {
        let body = json!({ "schema": { "type": "string", "format": "binary" } });
        operation["requestBody"] = json!({ "required": true, "content": { doc.takes: body } });
    } else if let Some(body) = doc.body {
        let body = json!({ "schema": body(generator) });
        operation["requestBody"] = json!({ "required": true, "content": { json: body } });
    } else if route.method == Method::POST {
        operation["requestBody"] =
            json!({ "content": { json: { "schema": { "type": "object" } } } });
    }
    operation
}

/// The parameters of a query: the properties of its struct.
fn fields(
    generator: &mut SchemaGenerator,
    query: fn(&mut SchemaGenerator) -> schemars::Schema,
) -> Vec<Value> {
    let schema = query(generator).to_value();
    let named = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()).map(str::to_owned);
    let schema = match named {
        Some(name) => generator.definitions().get(&name).cloned().unwrap_or_default(),
        None => schema,
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    properties
        .iter()
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let text = schema.as_object_mut().and_then(|s| s.remove("description"));
            let mut parameter = json!({
                "name": name, "in": "query", "required": required.contains(&name.as_str()),
                "schema": schema,
            });
            if let Some(text) = text {
                parameter["description"] = text;
            }
            parameter
        })
        .collect()
}
