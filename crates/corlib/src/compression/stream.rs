//! One stream, compressing or decompressing, that pulls or pushes through a callback.

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

use super::gzip::{HEADER, HeaderParser};

/// Bytes that go through the callback at once.
const BUFFER: usize = 4096;

/// Reads into a buffer (decompressing) or writes from it (compressing); the result is
/// the number of bytes, or negative for a failure.
pub type Feed<'f> = &'f mut dyn FnMut(&mut [u8]) -> i32;

/// Failures by the numbers that `DeflateStreamNative` knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StreamError {
    /// The data is no deflate (or gzip) data.
    #[error("corrupted data")]
    Data = -3,
    /// The callback failed.
    #[error("the underlying stream failed")]
    Io = -11,
    /// The callback threw a managed exception.
    #[error("the underlying stream threw an exception")]
    Exception = -100,
}

/// A deflate stream.
#[derive(Debug)]
pub struct ZStream {
    direction: Direction,
}

#[derive(Debug)]
enum Direction {
    Compress {
        state: Compress,
        output: Vec<u8>,
        gzip: bool,
        crc: Crc,
        started: bool,
    },
    Decompress {
        state: Decompress,
        input: Vec<u8>,
        at: usize,
        header: Option<HeaderParser>,
        ended: bool,
    },
}

impl ZStream {
    /// A new stream; `gzip` adds (or expects) the frame of RFC 1952.
    #[must_use]
    pub fn new(compress: bool, gzip: bool) -> ZStream {
        let direction = if compress {
            Direction::Compress {
                state: Compress::new(Compression::default(), false),
                output: Vec::new(),
                gzip,
                crc: Crc::new(),
                started: false,
            }
        } else {
            Direction::Decompress {
                state: Decompress::new(false),
                input: Vec::new(),
                at: 0,
                header: gzip.then(HeaderParser::new),
                ended: false,
            }
        };
        ZStream { direction }
    }

    /// Decompresses into a buffer; 0 at the end.
    ///
    /// # Errors
    /// `Data` for bytes that are not compressed data, and for compressing streams.
    pub fn read(&mut self, buffer: &mut [u8], feed: Feed<'_>) -> Result<usize, StreamError> {
        let Direction::Decompress {
            state,
            input,
            at,
            header,
            ended,
        } = &mut self.direction
        else {
            return Err(StreamError::Data);
        };
        let mut written = 0;
        while written < buffer.len() && !*ended {
            if *at == input.len() {
                input.resize(BUFFER, 0);
                let count = feed(input);
                if count == StreamError::Exception as i32 {
                    input.clear();
                    return Err(StreamError::Exception);
                }
                input.truncate(usize::try_from(count).unwrap_or(0));
                *at = 0;
                if input.is_empty() {
                    // Truncated data ends quietly, as zlib's caller in Mono lets it.
                    break;
                }
            }
            if let Some(parser) = header
                && !parser.is_done()
            {
                *at += parser.take(&input[*at..]).ok_or(StreamError::Data)?;
                continue;
            }
            let (before_in, before_out) = (state.total_in(), state.total_out());
            let status = state
                .decompress(&input[*at..], &mut buffer[written..], FlushDecompress::None)
                .map_err(|_| StreamError::Data)?;
            *at += (state.total_in() - before_in) as usize;
            written += (state.total_out() - before_out) as usize;
            match status {
                // The trailer's checksum is not looked at: what was read is handed out already.
                Status::StreamEnd => *ended = true,
                Status::BufError if *at < input.len() && written < buffer.len() => {
                    return Err(StreamError::Data);
                }
                Status::Ok | Status::BufError => {}
            }
        }
        Ok(written)
    }

    /// Compresses bytes.
    ///
    /// # Errors
    /// `Io` and `Exception` from the callback.
    pub fn write(&mut self, bytes: &[u8], feed: Feed<'_>) -> Result<(), StreamError> {
        let Direction::Compress {
            state,
            output,
            gzip,
            crc,
            started,
        } = &mut self.direction
        else {
            return Err(StreamError::Data);
        };
        if bytes.is_empty() {
            return Ok(());
        }
        if !*started {
            *started = true;
            if *gzip {
                output.extend_from_slice(&HEADER);
            }
        }
        crc.update(bytes);
        run(state, output, bytes, FlushCompress::None)?;
        push(output, BUFFER, feed)
    }

    /// Hands out what was compressed so far.
    ///
    /// # Errors
    /// `Io` and `Exception` from the callback.
    pub fn flush(&mut self, feed: Feed<'_>) -> Result<(), StreamError> {
        let Direction::Compress {
            state,
            output,
            started: true,
            ..
        } = &mut self.direction
        else {
            return Ok(());
        };
        run(state, output, &[], FlushCompress::Sync)?;
        push(output, 0, feed)
    }

    /// Ends the data and hands out the rest. A stream that got no bytes writes none.
    ///
    /// # Errors
    /// `Io` and `Exception` from the callback.
    pub fn finish(&mut self, feed: Feed<'_>) -> Result<(), StreamError> {
        let Direction::Compress {
            state,
            output,
            gzip,
            crc,
            started: true,
        } = &mut self.direction
        else {
            return Ok(());
        };
        run(state, output, &[], FlushCompress::Finish)?;
        if *gzip {
            output.extend_from_slice(&crc.sum().to_le_bytes());
            output.extend_from_slice(&crc.amount().to_le_bytes());
        }
        push(output, 0, feed)
    }
}

fn run(
    state: &mut Compress,
    output: &mut Vec<u8>,
    bytes: &[u8],
    flush: FlushCompress,
) -> Result<(), StreamError> {
    let mut taken = 0;
    loop {
        output.reserve(BUFFER);
        let before = state.total_in();
        let status = state
            .compress_vec(&bytes[taken..], output, flush)
            .map_err(|_| StreamError::Data)?;
        taken += (state.total_in() - before) as usize;
        let room = output.capacity() > output.len();
        match (status, flush) {
            (Status::StreamEnd, _) => return Ok(()),
            (_, FlushCompress::Finish) => {}
            _ if taken == bytes.len() && room => return Ok(()),
            _ => {}
        }
    }
}

/// Gives the output to the callback when it is longer than `least`.
fn push(output: &mut Vec<u8>, least: usize, feed: Feed<'_>) -> Result<(), StreamError> {
    if output.len() <= least {
        return Ok(());
    }
    let mut data = std::mem::take(output);
    for part in data.chunks_mut(BUFFER) {
        match feed(part) {
            code if code == StreamError::Exception as i32 => return Err(StreamError::Exception),
            code if code < 0 => return Err(StreamError::Io),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compress(data: &[u8], gzip: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let mut feed = |part: &mut [u8]| {
            out.extend_from_slice(part);
            part.len() as i32
        };
        let mut stream = ZStream::new(true, gzip);
        for part in data.chunks(1000) {
            stream.write(part, &mut feed).unwrap();
        }
        stream.flush(&mut feed).unwrap();
        stream.finish(&mut feed).unwrap();
        out
    }

    fn decompress(data: &[u8], gzip: bool) -> Result<Vec<u8>, StreamError> {
        let mut rest = data;
        let mut feed = |part: &mut [u8]| {
            let count = part.len().min(rest.len()).min(7);
            part[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            count as i32
        };
        let mut stream = ZStream::new(false, gzip);
        let (mut out, mut buffer) = (Vec::new(), [0; 333]);
        loop {
            match stream.read(&mut buffer, &mut feed)? {
                0 => return Ok(out),
                count => out.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn data_comes_back() {
        let data: Vec<u8> = (0..100_000u64).map(|i| ((i * i) >> 9) as u8).collect();
        for gzip in [false, true] {
            let small = compress(&data, gzip);
            assert!(small.len() < data.len());
            assert_eq!(decompress(&small, gzip), Ok(data.clone()));
            assert_eq!(
                decompress(&small[..small.len() / 2], gzip).map(|out| out.len() < data.len()),
                Ok(true)
            );
        }
        assert_eq!(compress(b"", true), b"");
        assert_eq!(decompress(b"", false), Ok(Vec::new()));
        assert_eq!(
            decompress(b"this is no gzip file", true),
            Err(StreamError::Data)
        );
        assert_eq!(decompress(&[0xff; 50], false), Err(StreamError::Data));
    }

    #[test]
    fn gzip_files_have_their_frame() {
        let file = compress(b"hello", true);
        assert_eq!(&file[..4], [0x1f, 0x8b, 8, 0]);
        assert_eq!(file[file.len() - 4..], 5u32.to_le_bytes());
    }

    #[test]
    fn failures_of_the_callback_are_passed_on() {
        let mut stream = ZStream::new(true, false);
        stream.write(b"x", &mut |_| 1).unwrap();
        assert_eq!(stream.finish(&mut |_| -100), Err(StreamError::Exception));
        let mut stream = ZStream::new(true, false);
        stream.write(b"x", &mut |_| 1).unwrap();
        assert_eq!(stream.flush(&mut |_| -1), Err(StreamError::Io));
        assert_eq!(
            ZStream::new(false, false).read(&mut [0; 4], &mut |_| -100),
            Err(StreamError::Exception)
        );
    }
}
