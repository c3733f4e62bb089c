//! Whether memory grows with the steps, and which: a straight line through each figure, by least
//! squares, in constant memory.
//!
//! A slope alone does not show a leak: a buffer that is taken once, in the middle of a run, tilts the
//! line as well. What grows must also have a floor that rises from each third of the run to the next.

use std::fmt;

use line::RunningLine;

use super::thinned::ThinnedCurve;

mod line;

/// Fewer steps say nothing.
const LEAST_STEPS: u64 = 12;
/// Standard errors by which a slope must be above zero.
const CERTAINTY: f64 = 3.0;
/// Stretches of a run that are looked at for their floors; three thirds of them.
const STRETCHES: usize = 96;

/// What may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryFigure {
    /// Held by MLX's arrays.
    Active,
    /// Freed, but kept by MLX for reuse.
    Cache,
    /// Footprint of the process.
    Footprint,
}

impl fmt::Display for MemoryFigure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Active => "active memory",
            Self::Cache => "MLX's cache",
            Self::Footprint => "the footprint",
        })
    }
}

/// What a figure did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// The same at every step, to the byte.
    Flat,
    /// It went up and down, or up once.
    Steady,
    /// It went up with the steps.
    Growing,
}

/// What is known of one figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FigureGrowth {
    /// Which one.
    pub figure: MemoryFigure,
    /// Bytes per step.
    pub slope: f64,
    /// Of the slope, as if the steps' deviations from the line had nothing to do with each other.
    pub standard_error: f64,
    /// The judgement.
    pub trend: Trend,
}

/// What is known of all figures.
#[derive(Clone, Debug, PartialEq)]
pub struct GrowthReport {
    /// Steps after the warm-up.
    pub steps: u64,
    /// Every figure that was known.
    pub figures: Vec<FigureGrowth>,
}

/// Takes in figures step by step.
#[derive(Clone, Debug)]
pub struct GrowthDetector {
    warm_up_steps: u64,
    first_step: Option<u64>,
    active: History,
    cache: History,
    footprint: History,
}

impl GrowthDetector {
    /// One that leaves out the first `warm_up_steps`, in which buffers find their sizes.
    pub fn new(warm_up_steps: u64) -> Self {
        Self {
            warm_up_steps,
            first_step: None,
            active: History::new(),
            cache: History::new(),
            footprint: History::new(),
        }
    }

    /// Takes in a step's figures. The first step it sees begins the warm-up, so that a resumed run has
    /// one of its own.
    pub fn observe(
        &mut self,
        step: u64,
        active_bytes: u64,
        cache_bytes: u64,
        footprint_bytes: Option<u64>,
    ) {
        let first = *self.first_step.get_or_insert(step);
        if step.saturating_sub(first) < self.warm_up_steps {
            return;
        }
        self.active.push(step, active_bytes);
        self.cache.push(step, cache_bytes);
        if let Some(bytes) = footprint_bytes {
            self.footprint.push(step, bytes);
        }
    }

    /// What is known so far; `None` while it is too little.
    pub fn report(&self) -> Option<GrowthReport> {
        let figures = [
            (MemoryFigure::Active, &self.active),
            (MemoryFigure::Cache, &self.cache),
            (MemoryFigure::Footprint, &self.footprint),
        ];
        let known = figures.into_iter();
        let known = known.filter_map(|(figure, history)| history.growth(figure));
        let report = GrowthReport {
            steps: self.active.line.points(),
            figures: known.collect(),
        };
        (!report.figures.is_empty()).then_some(report)
    }
}

impl GrowthReport {
    /// Whether anything grows.
    pub fn is_growing(&self) -> bool {
        let mut figures = self.figures.iter();
        figures.any(|figure| figure.trend == Trend::Growing)
    }
}

impl fmt::Display for GrowthReport {
    /// One sentence.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clauses: Vec<_> = self.figures.iter().map(FigureGrowth::to_string).collect();
        write!(formatter, "over {} steps ", self.steps)?;
        match clauses.split_last() {
            Some((last, [])) => formatter.write_str(last),
            Some((last, others)) => write!(formatter, "{}, and {last}", others.join(", ")),
            None => formatter.write_str("nothing is known"),
        }
    }
}

impl fmt::Display for FigureGrowth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = self.figure;
        // Adding zero turns a negative zero into a positive one.
        let slope = (10.0 * self.slope).round() / 10.0 + 0.0;
        let standard_error = self.standard_error;
        match self.trend {
            Trend::Flat => write!(formatter, "{figure} is flat to the byte"),
            Trend::Steady => write!(
                formatter,
                "{figure} does not grow ({slope:.1} ± {standard_error:.1} bytes a step)"
            ),
            Trend::Growing => write!(
                formatter,
                "{figure} grows by {slope:.1} ± {standard_error:.1} bytes a step"
            ),
        }
    }
}

/// What one figure was.
#[derive(Clone, Debug)]
struct History {
    line: RunningLine,
    first_bytes: Option<u64>,
    is_flat: bool,
    floors: ThinnedCurve,
}

impl History {
    fn new() -> Self {
        Self {
            line: RunningLine::default(),
            first_bytes: None,
            is_flat: true,
            floors: ThinnedCurve::new(STRETCHES),
        }
    }

    fn push(&mut self, step: u64, bytes: u64) {
        self.is_flat &= *self.first_bytes.get_or_insert(bytes) == bytes;
        self.line.push(step as f64, bytes as f64);
        self.floors.push(step as f64, bytes as f64);
    }

    fn growth(&self, figure: MemoryFigure) -> Option<FigureGrowth> {
        if self.line.points() < LEAST_STEPS {
            return None;
        }
        let (slope, standard_error) = self.line.slope()?;
        let trend = match self.is_flat {
            true => Trend::Flat,
            false if slope > CERTAINTY * standard_error && self.floor_rises() => Trend::Growing,
            false => Trend::Steady,
        };
        Some(FigureGrowth {
            figure,
            slope,
            standard_error,
            trend,
        })
    }

    /// Whether the lowest of each third is above that of the third before.
    fn floor_rises(&self) -> bool {
        let stretches = self.floors.stretches();
        let third = stretches.len().div_ceil(3).max(1);
        let floors: Vec<_> = stretches
            .chunks(third)
            .map(|third| {
                let lowest = third.iter().map(|stretch| stretch.lowest);
                lowest.fold(f64::INFINITY, f64::min)
            })
            .collect();
        floors.len() == 3 && floors.is_sorted_by(|earlier, later| earlier < later)
    }
}

#[cfg(test)]
mod tests;
