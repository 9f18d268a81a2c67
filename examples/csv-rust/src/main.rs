//! CSV from JSON: the event's rows become CSV text whose columns are the members of all rows, in
//! the order in which they first appear.

use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Request {
    rows: Vec<Map<String, Value>>,
}

#[derive(Serialize)]
struct Answer {
    request_id: String,
    columns: Vec<String>,
    csv: String,
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

async fn handle(event: LambdaEvent<Request>) -> Result<Answer, Error> {
    let rows = event.payload.rows;
    if rows.is_empty() {
        return Err("no rows in the event".into());
    }
    let mut columns: Vec<String> = Vec::new();
    for name in rows.iter().flat_map(|row| row.keys()) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&columns)?;
    for row in &rows {
        writer.write_record(columns.iter().map(|name| cell(row.get(name))))?;
    }
    println!("{} rows, {} columns", rows.len(), columns.len());
    Ok(Answer {
        request_id: event.context.request_id,
        columns,
        csv: String::from_utf8(writer.into_inner()?)?,
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}
