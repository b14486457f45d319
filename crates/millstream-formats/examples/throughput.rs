//! How many megabytes a CPU-second of one core reads and writes, format by format.
//!
//! `cargo run -p millstream-formats --release --example throughput [NAME]`
#![allow(clippy::print_stdout, reason = "a measurement is for people to read")]

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::RecordBatch;
use millstream_core::{Encode, Error, Key, Result};
use millstream_formats::csv::{CsvEncoder, CsvFormat, CsvReadOptions, CsvWriteOptions};
use millstream_formats::jsonl::{JsonlEncoder, JsonlFormat, JsonlReadOptions};
use millstream_formats::parquet::{ParquetCompression, ParquetOptions, encode_row_group};
use millstream_formats::text::{Block, TextFormat};

const BLOCK: usize = 1 << 20;
const SECONDS: f64 = 1.0;

fn main() -> Result<()> {
    let only = std::env::args().nth(1).unwrap_or_default();
    let measure = |name: &str, bytes: usize, rows: usize, mut work: Box<dyn FnMut() -> Result<()>>| {
        if !name.contains(&only) {
            return Ok(());
        }
        work()?;
        let (start, mut rounds) = (cpu_seconds()?, 0u32);
        let mut used = 0.0;
        while used < SECONDS {
            work()?;
            rounds += 1;
            used = cpu_seconds()? - start;
        }
        let each = used / f64::from(rounds);
        let (megabytes, rows) = (bytes as f64 / each / 1e6, rows as f64 / each / 1e6);
        println!("{name:<34} {megabytes:>7.0} MB/s {rows:>7.2} M rows/s");
        Ok::<_, Error>(())
    };
    for (name, file, nulls) in
        [("flights", flights(40_000), "NA"), ("texts", texts(60_000), ""), ("quoted", quoted(60_000), "")]
    {
        let options = CsvReadOptions {
            null_values: vec![String::new(), nulls.to_owned()],
            ..CsvReadOptions::default()
        };
        let (format, _) = CsvFormat::infer(options, file.as_bytes(), true)?;
        let format: Arc<dyn TextFormat> = Arc::new(format);
        let blocks = blocks(&*format, file.as_bytes())?;
        let batches = decode(&*format, &blocks)?;
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let bytes = file.len();
        measure(&format!("csv {name}: cut into blocks"), bytes, rows, {
            let (format, file) = (Arc::clone(&format), file.clone());
            Box::new(move || {
                let bytes = file.as_bytes();
                let mut position = 0;
                while position < bytes.len() {
                    let end = bytes.len().min(position + BLOCK);
                    position += black_box(format.whole_records(&bytes[position..end], end == bytes.len())?);
                }
                Ok(())
            })
        })?;
        measure(
            &format!("csv {name}: read"),
            bytes,
            rows,
            Box::new(move || decode(&*format, &blocks).map(|_| ())),
        )?;
        let encoder = CsvEncoder::new(&batches[0].schema(), &CsvWriteOptions::default())?;
        let written = encode(&encoder, &batches, &mut Vec::new())?;
        measure(&format!("csv {name}: write"), written, rows, writing(encoder, batches.clone()))?;

        let encoder = JsonlEncoder::new(&batches[0].schema())?;
        let mut json = Vec::new();
        for batch in &batches {
            encoder.encode(batch, &mut json)?;
        }
        let written = json.len();
        measure(&format!("jsonl {name}: write"), written, rows, writing(encoder, batches.clone()))?;
        let (format, _) = JsonlFormat::infer(JsonlReadOptions::default(), &json, true)?;
        let blocks = self::blocks(&format, &json)?;
        measure(
            &format!("jsonl {name}: read"),
            written,
            rows,
            Box::new(move || decode(&format, &blocks).map(|_| ())),
        )?;

        let schema = batches[0].schema();
        let whole = arrow::compute::concat_batches(&schema, &batches)
            .map_err(|error| Error::internal("cannot join batches").caused_by(error))?;
        for (codec, compression) in [
            ("none", ParquetCompression::None),
            ("snappy", ParquetCompression::Snappy),
            ("zstd", ParquetCompression::Zstd(3)),
        ] {
            let options = ParquetOptions { compression, ..ParquetOptions::default() };
            let (schema, whole) = (Arc::clone(&schema), whole.clone());
            measure(
                &format!("parquet {name}: write {codec}"),
                bytes,
                rows,
                Box::new(move || {
                    black_box(encode_row_group(&schema, &options, &whole)?);
                    Ok(())
                }),
            )?;
        }
    }
    Ok(())
}

fn writing(encoder: impl Encode + 'static, batches: Vec<RecordBatch>) -> Box<dyn FnMut() -> Result<()>> {
    let mut buffer = Vec::new();
    Box::new(move || encode(&encoder, &batches, &mut buffer).map(|_| ()))
}

/// Encodes batch by batch into a recycled buffer; gives the bytes written.
fn encode(encoder: &dyn Encode, batches: &[RecordBatch], buffer: &mut Vec<u8>) -> Result<usize> {
    let mut bytes = 0;
    for batch in batches {
        buffer.clear();
        encoder.encode(batch, buffer)?;
        bytes += buffer.len();
    }
    Ok(bytes)
}

fn decode(format: &dyn TextFormat, blocks: &[Block]) -> Result<Vec<RecordBatch>> {
    blocks
        .iter()
        .map(|block| {
            let decoded = format.decode(block)?;
            match decoded.rejected.first() {
                None => Ok(decoded.batch),
                Some(row) => Err(Error::data(row.message.clone())),
            }
        })
        .collect()
}

fn blocks(format: &dyn TextFormat, file: &[u8]) -> Result<Vec<Block>> {
    let mut position = format.preamble(file, true)?.unwrap_or(0);
    let mut blocks = Vec::new();
    while position < file.len() {
        let end = file.len().min(position + BLOCK);
        let whole = format.whole_records(&file[position..end], end == file.len())?;
        blocks.push(Block {
            bytes: file[position..position + whole].to_vec(),
            file: "file".into(),
            byte_offset: position as u64,
            first_line: 1,
        });
        position += whole;
    }
    Ok(blocks)
}

/// CPU time of this thread.
fn cpu_seconds() -> Result<f64> {
    let path = "/proc/thread-self/schedstat";
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::internal(format!("cannot read {path}")).caused_by(error))?;
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse::<f64>().ok());
    Ok(nanoseconds.unwrap_or(0.0) / 1e9)
}

/// Random numbers: equal to themselves from run to run.
struct Draw(Key, u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.1 += 1;
        self.0.below(self.1, bound)
    }
}

fn draw() -> Draw {
    Draw(Key::from_seed(7), 0)
}

/// The shape of the New York flights: 19 columns, most of them short integers.
fn flights(rows: u64) -> String {
    let mut draw = draw();
    let mut file = String::from(
        "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour\n",
    );
    for _ in 0..rows {
        let (month, day, hour, minute) =
            (1 + draw.below(12), 1 + draw.below(28), 5 + draw.below(18), draw.below(60));
        let flown = draw.below(40) > 0;
        let number = |flown: bool, value: i64| if flown { value.to_string() } else { "NA".to_owned() };
        let (delay, air) = (draw.below(300) as i64 - 15, 30 + draw.below(600) as i64);
        let departure = (hour * 100 + minute) as i64;
        let row = format!(
            "2013,{month},{day},{},{departure},{},{},{},{},{},{},N{}{},{},{},{},{},{hour},{minute},2013-{month:02}-{day:02}T{hour:02}:00:00Z\n",
            number(flown, departure),
            number(flown, delay),
            number(flown, departure + air / 60 * 100),
            departure + 130,
            number(flown, delay - 5),
            ["UA", "AA", "B6", "DL", "EV"][draw.below(5) as usize],
            draw.below(6_000),
            100 + draw.below(900),
            ["UA", "AA", "JB"][draw.below(3) as usize],
            ["EWR", "JFK", "LGA"][draw.below(3) as usize],
            ["IAH", "MIA", "BQN", "ATL"][draw.below(4) as usize],
            number(flown, air),
            100 + draw.below(4_000),
        );
        file += &row;
    }
    file
}

/// Identifiers, names, an e-mail address, a float, a boolean and a time.
fn texts(rows: u64) -> String {
    let mut draw = draw();
    let mut file = String::from("id,first_name,last_name,email,city,amount,active,created_at\n");
    for id in 0..rows {
        let first = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Søren"][draw.below(6) as usize];
        let last = ["Lovelace", "Hopper", "Dijkstra", "Liskov", "Knuth"][draw.below(5) as usize];
        let city = ["London", "New York", "Rotterdam", "Los Angeles", "Milwaukee"][draw.below(5) as usize];
        let row = format!(
            "{id},{first},{last},{first}.{last}{}@example.com,{city},{:.2},{},2024-01-31T12:{:02}:{:02}.{:06}\n",
            draw.below(1000),
            draw.below(1_000_000) as f64 / 100.0,
            draw.below(2) == 0,
            draw.below(60),
            draw.below(60),
            draw.below(1_000_000),
        );
        file += &row;
    }
    file
}

/// Every field in quotes, some with delimiters and quotes inside.
fn quoted(rows: u64) -> String {
    let mut draw = draw();
    let mut file = String::from("\"id\",\"title\",\"text\",\"amount\"\n");
    for id in 0..rows {
        let text =
            ["plain words", "with, a comma", "she said \"\"yes\"\"", "two\nlines"][draw.below(4) as usize];
        let row = format!(
            "\"{id}\",\"title {}\",\"{text} and then some more of it\",\"{}.5\"\n",
            draw.below(1000),
            draw.below(100_000)
        );
        file += &row;
    }
    file
}
