import Foundation
internal import HeadroomBridge

/// Where models come from and where they are kept. What is left out is as the environment variables of Hugging
/// Face's own tools say: `HF_HUB_CACHE`, `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`.
///
/// ```swift
/// let factory = MemoryOptimizedModelFactory(hub: HubConfiguration(isOffline: true))
/// ```
public struct HubConfiguration: Sendable, Equatable {
    /// The directory where models are kept; `nil` for the usual one, which in apps on iOS and its relatives is in
    /// the app's caches.
    public var cacheDirectory: URL?
    /// Lets gated models be read; `nil` for that of the environment.
    public var token: String?
    /// Whether nothing may be asked of the network, whatever the environment says.
    public var isOffline: Bool

    /// What is left out is as usual.
    ///
    /// ```swift
    /// let hub = HubConfiguration(cacheDirectory: URL(fileURLWithPath: "models"))
    /// ```
    public init(cacheDirectory: URL? = nil, token: String? = nil, isOffline: Bool = false) {
        self.cacheDirectory = cacheDirectory
        self.token = token
        self.isOffline = isOffline
    }
}

extension HubConfiguration {
    var bridged: BridgedHub {
        BridgedHub(
            cache_directory: RustString((cacheDirectory ?? Self.appCaches)?.path ?? ""),
            token: RustString(token ?? ""),
            is_offline: isOffline
        )
    }

    /// The home directory of an app on iOS cannot be written to; its caches can.
    private static var appCaches: URL? {
        #if os(iOS) || os(tvOS) || os(visionOS)
        FileManager.default.urls(for: .cachesDirectory, in: .userDomainMask).first?
            .appendingPathComponent("huggingface/hub")
        #else
        nil
        #endif
    }
}
