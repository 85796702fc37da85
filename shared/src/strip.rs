//! A time stamp that is part of a picture.
//!
//! The test pattern carries the time of each picture in two rows of black and white cells along its
//! upper edge, where whatever shows the picture can read it: a test that looks at a canvas, a
//! decoder in a benchmark. It tells how old a picture is and that it is the right one. Cells are
//! large and their places are fractions of the picture, so that the strip survives H.264 at low bit
//! rates and scaling; the size that it is read at need not be that it was written at.
//!
//! Each row has [`CELLS`] cells of equal width, and is a [`ROWS`]th of the picture high:
//!
//! ```text
//!          mark    bits, the first is the highest         mark
//! row 0    W B     32 bits: upper half of the code         B W
//! row 1    B W     32 bits: lower half of the code         W B
//! ```
//!
//! A white cell is a 1. The code is 52 bits of microseconds since the Unix epoch (enough until the
//! year 2112) and a CRC of 12 bits. The marks tell rows from other pictures and black from white.
//!
//! ```
//! use fanlight_protocol::strip;
//!
//! let (width, height) = (640, 360);
//! let mut luma = vec![0; width * height];
//! strip::write(width, height, 1_790_000_000_123_456, |x, y, value| luma[y * width + x] = value);
//! assert_eq!(strip::read(width, height, |x, y| luma[y * width + x]), Ok(1_790_000_000_123_456));
//! ```

/// Cells in a row, marks included.
pub const CELLS: usize = 36;
/// A row of the strip is this fraction of the picture high.
pub const ROWS: usize = 20;
/// The narrowest picture that has room for cells of four pixels.
pub const MIN_WIDTH: usize = 4 * CELLS;
/// The lowest picture that has room for rows of four pixels.
pub const MIN_HEIGHT: usize = 4 * ROWS;

/// Luma of black and white in limited range.
const BLACK: u8 = 16;
const WHITE: u8 = 235;
/// The least difference between black and white that is taken for a strip.
const CONTRAST: u32 = 64;
const BITS: usize = 32;
const LAST: usize = CELLS - 1;
const NEXT_TO_LAST: usize = CELLS - 2;
/// Times are kept modulo this: 2^52 µs.
const TIME_MASK: u64 = (1 << 52) - 1;
const CRC_BITS: u32 = 12;

/// Why there is no time in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripError {
    /// The picture is smaller than [`MIN_WIDTH`] by [`MIN_HEIGHT`].
    #[error("the picture is too small for a time strip")]
    TooSmall,
    /// The marks are not where they should be, or too pale: another picture.
    #[error("the picture has no time strip")]
    NoMarks,
    /// The marks are there, but the checksum is wrong: a damaged picture, or a mixture of two.
    #[error("the time strip is damaged")]
    Damaged,
}

/// Writes `micros`, microseconds since the Unix epoch, into a picture of this size by calling `set`
/// with the column, row and luma of every pixel of the strip. Does nothing if the picture is too
/// small.
pub fn write(width: usize, height: usize, micros: u64, mut set: impl FnMut(usize, usize, u8)) {
    if width < MIN_WIDTH || height < MIN_HEIGHT {
        return;
    }
    for (row, cells) in cells(encode(micros)).into_iter().enumerate() {
        for y in edge(row, ROWS, height)..edge(row + 1, ROWS, height) {
            for (cell, white) in cells.into_iter().enumerate() {
                for x in edge(cell, CELLS, width)..edge(cell + 1, CELLS, width) {
                    set(x, y, if white { WHITE } else { BLACK });
                }
            }
        }
    }
}

/// Reads the time from a picture of this size, in microseconds since the Unix epoch. `luma` gives
/// the brightness of the pixel in a column and a row, in any range: of RGB, the green value will
/// do.
///
/// # Errors
/// If there is no strip or it is damaged.
pub fn read(
    width: usize,
    height: usize,
    luma: impl Fn(usize, usize) -> u8,
) -> Result<u64, StripError> {
    if width < MIN_WIDTH || height < MIN_HEIGHT {
        return Err(StripError::TooSmall);
    }
    let mean = |row, cell| mean(inner(row, ROWS, height), inner(cell, CELLS, width), &luma);
    let mut code = 0u64;
    for row in 0..2 {
        let mark = |place: [usize; 2]| place.map(|cell| mean(row, cell));
        let (left, right) = (mark([0, 1]), mark([NEXT_TO_LAST, LAST]));
        // Row 0 begins with white and ends with it, row 1 with black.
        let ([white_left, black_left], [black_right, white_right]) = if row == 0 {
            (left, right)
        } else {
            ([left[1], left[0]], [right[1], right[0]])
        };
        let (white, black) = (white_left.min(white_right), black_left.max(black_right));
        if white < black + CONTRAST {
            return Err(StripError::NoMarks);
        }
        let threshold = (white + black) / 2;
        for cell in 2..2 + BITS {
            code = code << 1 | u64::from(mean(row, cell) > threshold);
        }
    }
    decode(code).ok_or(StripError::Damaged)
}

/// The code of a time: the time and its checksum.
fn encode(micros: u64) -> u64 {
    let time = micros & TIME_MASK;
    time << CRC_BITS | u64::from(crc(time))
}

/// The time of a code, if the checksum is right.
fn decode(code: u64) -> Option<u64> {
    let time = code >> CRC_BITS;
    (encode(time) == code).then_some(time)
}

/// CRC-12 (x¹² + x¹¹ + x³ + x² + x + 1), begun with all ones so that no time at all has no checksum
/// of zero.
fn crc(time: u64) -> u16 {
    const POLYNOMIAL: u16 = 0x80f;
    let top = |crc: u16| crc >> (CRC_BITS - 1) & 1;
    (0..52).rev().fold(0xfff, |crc, bit| {
        let flip = top(crc) ^ (time >> bit & 1) as u16;
        ((crc << 1) ^ (flip * POLYNOMIAL)) & 0xfff
    })
}

/// Which cells of both rows are white.
fn cells(code: u64) -> [[bool; CELLS]; 2] {
    std::array::from_fn(|row| {
        let half = code >> (32 * (1 - row));
        std::array::from_fn(|cell| match cell {
            0 | LAST => row == 0,
            1 | NEXT_TO_LAST => row == 1,
            _ => half >> (NEXT_TO_LAST - 1 - cell) & 1 == 1,
        })
    })
}

/// The first pixel of part `n` of `parts` along a side.
fn edge(n: usize, parts: usize, side: usize) -> usize {
    n * side / parts
}

/// The middle half of part `n`, where neighbours do not bleed in.
fn inner(n: usize, parts: usize, side: usize) -> std::ops::Range<usize> {
    let (from, to) = (edge(n, parts, side), edge(n + 1, parts, side));
    let margin = (to - from) / 4;
    from + margin..to - margin
}

fn mean(
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    luma: &impl Fn(usize, usize) -> u8,
) -> u32 {
    let pixels = (rows.len() * columns.len()) as u32;
    let sum: u32 = rows
        .flat_map(|y| columns.clone().map(move |x| u32::from(luma(x, y))))
        .sum();
    sum / pixels.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: u64 = 1_790_000_000_123_456;

    struct Canvas {
        width: usize,
        height: usize,
        luma: Vec<u8>,
    }

    impl Canvas {
        fn with_time(width: usize, height: usize, micros: u64) -> Canvas {
            let mut luma = vec![128; width * height];
            write(width, height, micros, |x, y, value| {
                luma[y * width + x] = value
            });
            Canvas {
                width,
                height,
                luma,
            }
        }

        fn read(&self) -> Result<u64, StripError> {
            read(self.width, self.height, |x, y| {
                self.luma[y * self.width + x]
            })
        }

        /// Nearest-neighbour scaling, the worst there is.
        fn scaled(&self, width: usize, height: usize) -> Canvas {
            let at = |x: usize, y: usize| {
                self.luma[y * self.height / height * self.width + x * self.width / width]
            };
            let luma = (0..width * height)
                .map(|n| at(n % width, n / width))
                .collect();
            Canvas {
                width,
                height,
                luma,
            }
        }
    }

    #[test]
    fn a_time_is_read_as_it_was_written_at_any_size() {
        for (width, height) in [
            (144, 80),
            (160, 120),
            (320, 240),
            (640, 360),
            (641, 479),
            (1280, 720),
            (1920, 1080),
        ] {
            for micros in [0, 1, TIME, TIME_MASK] {
                assert_eq!(
                    Canvas::with_time(width, height, micros).read(),
                    Ok(micros),
                    "{width}x{height}"
                );
            }
        }
    }

    #[test]
    fn a_time_survives_scaling_both_ways() {
        let canvas = Canvas::with_time(1280, 720, TIME);
        for (width, height) in [(1920, 1080), (853, 480), (640, 360), (320, 240), (200, 113)] {
            assert_eq!(
                canvas.scaled(width, height).read(),
                Ok(TIME),
                "{width}x{height}"
            );
        }
    }

    #[test]
    fn a_time_survives_noise_and_a_changed_range() {
        let mut canvas = Canvas::with_time(640, 360, TIME);
        let mut noise = 1u32;
        for value in &mut canvas.luma {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *value = (i32::from(*value) / 2 + 40 + (noise >> 24) as i32 % 64 - 32) as u8;
        }
        assert_eq!(canvas.read(), Ok(TIME));
    }

    #[test]
    fn another_picture_has_no_time() {
        for value in [0, 16, 128, 255] {
            let canvas = Canvas {
                width: 640,
                height: 360,
                luma: vec![value; 640 * 360],
            };
            assert_eq!(canvas.read(), Err(StripError::NoMarks));
        }
        let mirrored = Canvas::with_time(640, 360, TIME);
        assert_eq!(
            read(640, 360, |x, y| mirrored.luma[(359 - y) * 640 + x]),
            Err(StripError::NoMarks)
        );
        assert_eq!(read(100, 50, |_, _| 0), Err(StripError::TooSmall));
    }

    #[test]
    fn every_single_wrong_cell_is_noticed() {
        for bit in 0..64 {
            assert_eq!(decode(encode(TIME) ^ 1 << bit), None, "bit {bit}");
        }
    }

    #[test]
    fn a_mixture_of_two_pictures_is_noticed() {
        let (one, other) = (encode(TIME), encode(TIME + 33_333));
        let mixtures = (1..64).map(|low| one >> low << low | (other & ((1 << low) - 1)));
        let unnoticed: Vec<_> = mixtures
            .filter(|code| *code != one && *code != other)
            .filter_map(decode)
            .collect();
        assert!(unnoticed.is_empty(), "{unnoticed:?}");
    }

    #[test]
    fn a_picture_too_small_stays_as_it_is() {
        write(MIN_WIDTH - 1, 360, TIME, |_, _, _| {
            panic!("nothing is written")
        });
        write(640, MIN_HEIGHT - 1, TIME, |_, _, _| {
            panic!("nothing is written")
        });
    }
}
