import Foundation

/// What a system tells an app about memory and about its place on the screen.
///
/// ```swift
/// let event = SystemEvent.memoryWarning(.critical)
/// ```
public enum SystemEvent: Sendable, Equatable {
    /// Memory is tight: at least so tight.
    case memoryWarning(MemoryState.Pressure)
    /// Memory is tight no longer.
    case memoryNormal
    /// The app is about to leave the foreground.
    case leavingForeground
    /// The app is in the foreground again.
    case enteredForeground
}

/// Where the system's events come from: the system itself, or a test.
///
/// ```swift
/// final class Never: SystemEventSource {
///     func start(_ handler: @escaping @Sendable (SystemEvent) -> Void) {}
///     func stop() {}
/// }
/// ```
public protocol SystemEventSource: Sendable {
    /// Calls `handler` with every event from now on, on any thread.
    func start(_ handler: @escaping @Sendable (SystemEvent) -> Void)
    /// Calls it no more.
    func stop()
}

#if canImport(Darwin)
#if canImport(UIKit) && !os(watchOS)
import UIKit
#endif

/// The events of Apple's systems: memory pressure on all of them, and an app's warnings and its way to the background
/// and back where there is UIKit. This project's own tests run on Linux, where it does not exist.
///
/// ```swift
/// let observer = MemoryWarningObserver(source: AppleSystemEvents())
/// ```
public final class AppleSystemEvents: SystemEventSource, @unchecked Sendable {
    private let lock = NSLock()
    private var pressure: (any DispatchSourceMemoryPressure)?
    private var observers: [any NSObjectProtocol] = []

    /// Hears nothing before it is started.
    public init() {}

    deinit { stop() }

    public func start(_ handler: @escaping @Sendable (SystemEvent) -> Void) {
        stop()
        lock.withLock {
            pressure = makePressure(handler)
            // Without a queue the handler runs in the notification itself: the app does not leave the foreground
            // before it has returned.
            observers = Self.notifications.map { name, event in
                NotificationCenter.default.addObserver(forName: name, object: nil, queue: nil) { _ in handler(event) }
            }
        }
    }

    public func stop() {
        lock.withLock {
            pressure?.cancel()
            pressure = nil
            for observer in observers { NotificationCenter.default.removeObserver(observer) }
            observers = []
        }
    }

    private func makePressure(
        _ handler: @escaping @Sendable (SystemEvent) -> Void
    ) -> any DispatchSourceMemoryPressure {
        let queue = DispatchQueue(label: "headroom.memory-pressure")
        let source = DispatchSource.makeMemoryPressureSource(eventMask: [.normal, .warning, .critical], queue: queue)
        source.setEventHandler { [weak self] in
            if let event = self?.pressureEvent() { handler(event) }
        }
        source.activate()
        return source
    }

    /// What the source has just seen.
    private func pressureEvent() -> SystemEvent? {
        guard let seen = lock.withLock({ pressure?.data }) else { return nil }
        if seen.contains(.critical) { return .memoryWarning(.critical) }
        return seen.contains(.warning) ? .memoryWarning(.high) : .memoryNormal
    }

    private static var notifications: [(Notification.Name, SystemEvent)] {
        #if canImport(UIKit) && !os(watchOS)
        // Work on the GPU is refused once the app is in the background, so it must rest before: when the app stops
        // being active, and not only when it is gone.
        [
            (UIApplication.didReceiveMemoryWarningNotification, .memoryWarning(.critical)),
            (UIApplication.willResignActiveNotification, .leavingForeground),
            (UIApplication.didEnterBackgroundNotification, .leavingForeground),
            (UIApplication.didBecomeActiveNotification, .enteredForeground),
        ]
        #else
        []
        #endif
    }
}
#endif
