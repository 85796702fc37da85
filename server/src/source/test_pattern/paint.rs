//! What the test pattern looks like: colour bars, a ball that crosses them, snow, a clock and the
//! time strip.

use fanlight_protocol::strip;
use std::time::{Duration, SystemTime};

use super::font;
use crate::picture::{Captured, Matrix, Picture, PlanesMut, Size};

/// A colour in limited-range BT.601: luma and the two chroma values.
type Colour = [u8; 3];

const BLACK: Colour = [16, 128, 128];
const WHITE: Colour = [235, 128, 128];
const GREY: Colour = [48, 128, 128];
/// The bars at 75 %: white, yellow, cyan, green, magenta, red, blue.
const BARS: [Colour; 7] = [
    [180, 128, 128],
    [162, 44, 142],
    [131, 156, 44],
    [112, 72, 58],
    [84, 184, 198],
    [65, 100, 212],
    [35, 212, 114],
];

/// Paints pictures of one size.
pub(super) struct Painter {
    size: Size,
    /// What stays the same from picture to picture.
    background: Picture,
    noise: Vec<u8>,
    random: u32,
}

/// A rectangle in pixels.
#[derive(Clone, Copy)]
struct Area {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Painter {
    /// Enough noise that every row of snow can begin anywhere in it.
    const NOISE: usize = 1 << 16;

    pub(super) fn new(size: Size) -> Painter {
        let mut random = 0x9e37_79b9;
        let noise = (0..Painter::NOISE)
            .map(|_| 64 + (next_random(&mut random) >> 25) as u8)
            .collect();
        let mut background = Picture::empty();
        let mut canvas = Canvas::new(&mut background, size);
        canvas.fill(
            Area {
                x: 0,
                y: 0,
                ..canvas.all()
            },
            GREY,
        );
        let bars = bars(size);
        for (n, colour) in BARS.into_iter().enumerate() {
            let (from, to) = (
                bars.width * n / BARS.len(),
                bars.width * (n + 1) / BARS.len(),
            );
            canvas.fill(
                Area {
                    x: bars.x + from,
                    width: to - from,
                    ..bars
                },
                colour,
            );
        }
        Painter {
            size,
            background,
            noise,
            random,
        }
    }

    /// Fills `picture` with the pattern as it is at the time of capture.
    pub(super) fn paint(&mut self, picture: &mut Picture, captured: Captured) {
        let mut canvas = Canvas::new(picture, self.size);
        canvas.planes.y.copy_from_slice(self.background.y());
        canvas.planes.u.copy_from_slice(self.background.u());
        canvas.planes.v.copy_from_slice(self.background.v());

        let since_epoch = captured
            .wall
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        canvas.ball(bars(self.size), since_epoch);
        canvas.snow(snow(self.size), &self.noise, &mut self.random);
        canvas.clock(clock(self.size), &time_of_day(since_epoch));
        canvas.strip(captured.unix_micros());
        picture.captured = captured;
        picture.matrix = Matrix::Bt601;
    }
}

/// Bars from below the strip to the middle.
fn bars(size: Size) -> Area {
    let (width, height) = sides(size);
    Area {
        x: 0,
        y: height / 8,
        width,
        height: height / 2,
    }
}

/// The clock below, on the left.
fn clock(size: Size) -> Area {
    let (width, height) = sides(size);
    Area {
        x: width / 32,
        y: height * 3 / 4,
        width: width * 5 / 8,
        height: height / 6,
    }
}

/// Snow below, on the right. No encoder can predict it: it makes up the work and the bits that a
/// camera's noise would.
fn snow(size: Size) -> Area {
    let (width, height) = sides(size);
    Area {
        x: width * 3 / 4,
        y: height * 11 / 16,
        width: width / 5,
        height: height / 4,
    }
}

fn sides(size: Size) -> (usize, usize) {
    (size.width as usize, size.height as usize)
}

/// Hours, minutes, seconds and milliseconds, UTC.
fn time_of_day(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs() % 86_400;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}.{:03}",
        seconds % 60,
        since_epoch.subsec_millis()
    )
}

/// Xorshift: the same snow every time, which is random enough for an encoder.
fn next_random(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

/// Where something is that goes to and fro over `range` in `period`.
fn to_and_fro(range: usize, period: Duration, now: Duration) -> usize {
    let phase = now.as_micros() % period.as_micros();
    let there = phase * 2 * range as u128 / period.as_micros().max(1);
    (if there > range as u128 {
        2 * range as u128 - there
    } else {
        there
    }) as usize
}

/// A picture to draw on. What lies outside is not drawn.
struct Canvas<'a> {
    width: usize,
    height: usize,
    planes: PlanesMut<'a>,
}

impl<'a> Canvas<'a> {
    fn new(picture: &'a mut Picture, size: Size) -> Canvas<'a> {
        let (width, height) = sides(size);
        Canvas {
            width,
            height,
            planes: picture.reshape(size),
        }
    }

    fn all(&self) -> Area {
        Area {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// Fills an area. Chroma is painted in whole pairs of pixels.
    fn fill(&mut self, area: Area, [y, u, v]: Colour) {
        rows(self.planes.y, self.width, area).for_each(|row| row.fill(y));
        let half = Area {
            x: area.x / 2,
            y: area.y / 2,
            width: area.width / 2,
            height: area.height / 2,
        };
        rows(self.planes.u, self.width / 2, half).for_each(|row| row.fill(u));
        rows(self.planes.v, self.width / 2, half).for_each(|row| row.fill(v));
    }

    fn ball(&mut self, field: Area, now: Duration) {
        let radius = field.height / 6;
        let diameter = 2 * radius;
        let x = to_and_fro(
            field.width.saturating_sub(diameter),
            Duration::from_secs(5),
            now,
        );
        let y = to_and_fro(
            field.height.saturating_sub(diameter),
            Duration::from_millis(1_700),
            now,
        );
        // Two rows at a time from an even one, as chroma has it.
        for row in (0..diameter).step_by(2) {
            let from_centre = radius.abs_diff(row);
            let half = (radius * radius - from_centre * from_centre).isqrt();
            let line = Area {
                x: field.x + x + radius - half,
                y: (field.y + y + row) & !1,
                width: 2 * half,
                height: 2,
            };
            self.fill(line, WHITE);
        }
    }

    fn snow(&mut self, area: Area, noise: &[u8], random: &mut u32) {
        for row in rows(self.planes.y, self.width, area) {
            let from = next_random(random) as usize % noise.len().saturating_sub(row.len()).max(1);
            row.iter_mut()
                .zip(noise.iter().skip(from))
                .for_each(|(pixel, noise)| *pixel = *noise);
        }
    }

    fn clock(&mut self, area: Area, text: &str) {
        let scale = (area.width / (text.len() * font::ADVANCE))
            .min(area.height / (font::ROWS + 2))
            .max(1);
        self.fill(area, BLACK);
        let spare = |side: usize, text: usize| side.saturating_sub(text * scale) / 2;
        let left = area.x + spare(area.width, text.len() * font::ADVANCE - 1);
        let top = area.y + spare(area.height, font::ROWS);
        for (n, character) in text.chars().enumerate() {
            for (row, bits) in font::glyph(character).into_iter().enumerate() {
                for column in (0..font::COLUMNS)
                    .filter(|column| bits >> (font::COLUMNS - 1 - column) & 1 == 1)
                {
                    let x = left + (n * font::ADVANCE + column) * scale;
                    let dot = Area {
                        x,
                        y: top + row * scale,
                        width: scale,
                        height: scale,
                    };
                    rows(self.planes.y, self.width, dot).for_each(|row| row.fill(WHITE[0]));
                }
            }
        }
    }

    fn strip(&mut self, micros: u64) {
        let (width, height) = (self.width, self.height);
        let strip_height = (2 * height).div_ceil(strip::ROWS);
        self.fill(
            Area {
                height: strip_height.next_multiple_of(2),
                ..self.all()
            },
            BLACK,
        );
        strip::write(width, height, micros, |x, y, luma| {
            if let Some(pixel) = self.planes.y.get_mut(y * width + x) {
                *pixel = luma;
            }
        });
    }
}

/// The rows of an area, cut off at the plane's edges.
fn rows(plane: &mut [u8], width: usize, area: Area) -> impl Iterator<Item = &mut [u8]> {
    let from = area.x.min(width);
    let to = (area.x + area.width).min(width);
    plane
        .chunks_exact_mut(width.max(1))
        .skip(area.y)
        .take(area.height)
        .filter_map(move |row| row.get_mut(from..to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_shows_the_time_of_day() {
        let time = Duration::from_millis(1_790_000_000_123);
        assert_eq!(time_of_day(time), "14:13:20.123");
        assert_eq!(time_of_day(Duration::ZERO), "00:00:00.000");
    }

    #[test]
    fn to_and_fro_turns_at_both_ends() {
        let at = |ms| to_and_fro(100, Duration::from_secs(1), Duration::from_millis(ms));
        assert_eq!([0, 250, 500, 750, 1_000].map(at), [0, 50, 100, 50, 0]);
    }
}
