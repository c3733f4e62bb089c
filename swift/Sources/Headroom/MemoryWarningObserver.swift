import Foundation

/// Listens to the system and acts before it does: a memory warning makes the governor act, and on the way to the
/// background every generation is paused, to go on where it was when the app comes back.
///
/// ```swift
/// // Once, where the app starts; it works as long as it is kept.
/// let observer = MemoryWarningObserver(source: AppleSystemEvents(), spillsToDisk: true)
/// ```
public final class MemoryWarningObserver: Sendable {
    /// How long a warning holds when the system does not take it back: long enough for the governor to see its own
    /// effect, and short enough not to hold a generation down for good.
    public static let warningDuration: Duration = .seconds(30)

    private let source: any SystemEventSource
    private let listener: Listener

    /// Listens until it is dropped.
    ///
    /// ```swift
    /// let observer = MemoryWarningObserver(source: AppleSystemEvents(), patience: .seconds(1))
    /// ```
    /// - Parameters:
    ///   - source: Where events come from; on Apple's systems ``AppleSystemEvents``.
    ///   - spillsToDisk: Whether the KV caches of paused generations go to a temporary file, so that less is held in
    ///     the background and the system is less likely to end the app.
    ///   - patience: The longest that the app's way to the background is held up.
    public convenience init(
        source: any SystemEventSource, spillsToDisk: Bool = false, patience: Duration = .seconds(2)
    ) {
        let pause: @Sendable () -> Void = {
            MemoryOptimization.pauseGenerations(spillsToDisk: spillsToDisk, patience: patience)
        }
        self.init(
            source: source,
            responses: Responses(
                signal: MemoryOptimization.setMemorySignal, pause: pause, resume: MemoryOptimization.resumeGenerations
            ),
            sleep: { try await Task.sleep(for: $0) }
        )
    }

    /// What is done about events.
    struct Responses: Sendable {
        let signal: @Sendable (MemoryState.Pressure?) -> Void
        let pause: @Sendable () -> Void
        let resume: @Sendable () -> Void
    }

    init(
        source: any SystemEventSource, responses: Responses, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        let listener = Listener(responses: responses, sleep: sleep)
        self.source = source
        self.listener = listener
        source.start { listener.hear($0) }
    }

    deinit {
        source.stop()
        listener.stop()
    }
}

/// Keeps what holds, a warning or a pause, and takes it back in time. Events are handled one after another.
private final class Listener: @unchecked Sendable {
    private let responses: MemoryWarningObserver.Responses
    private let sleep: @Sendable (Duration) async throws -> Void
    private let lock = NSLock()
    private var warning: MemoryState.Pressure?
    private var endOfWarning: Task<Void, Never>?
    private var isPaused = false

    init(
        responses: MemoryWarningObserver.Responses, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.responses = responses
        self.sleep = sleep
    }

    func hear(_ event: SystemEvent) {
        lock.withLock {
            switch event {
            case .memoryWarning(let level): hold(level)
            case .memoryNormal: release()
            case .leavingForeground: pause()
            case .enteredForeground: resume()
            }
        }
    }

    /// Leaves nothing behind.
    func stop() {
        lock.withLock {
            release()
            resume()
        }
    }

    /// A milder warning does not lower one that holds, but it makes it hold longer.
    private func hold(_ level: MemoryState.Pressure) {
        let level = max(level, warning ?? level)
        warning = level
        responses.signal(level)
        endOfWarning?.cancel()
        endOfWarning = Task { [weak self, sleep] in
            guard (try? await sleep(MemoryWarningObserver.warningDuration)) != nil else { return }
            self?.releaseUnlessCancelled()
        }
    }

    /// A task that was cancelled before it got the lock has been replaced by a later warning's.
    private func releaseUnlessCancelled() {
        lock.withLock { if !Task.isCancelled { release() } }
    }

    private func release() {
        endOfWarning?.cancel()
        endOfWarning = nil
        guard warning != nil else { return }
        warning = nil
        responses.signal(nil)
    }

    private func pause() {
        isPaused = true
        responses.pause()
    }

    /// Only what was paused here: the app may have paused for reasons of its own.
    private func resume() {
        guard isPaused else { return }
        isPaused = false
        responses.resume()
    }
}
