internal import HeadroomBridge

/// Makes one growing figure of a download and of the loading that follows it.
struct LoadingProgress {
    static let units: Int64 = 1_000_000

    /// A network is slower than a disk: of a model that has to be downloaded, loading is the smaller part.
    private static let downloadShare = 0.9
    private var hasDownloaded = false

    /// How many of `units` are done.
    mutating func completedUnits(_ news: BridgedProgress) -> Int64 {
        hasDownloaded = hasDownloaded || news.is_download
        // While the hub is asked what there is, the total is not known.
        let done = news.total_bytes == 0 ? 0 : Double(news.done_bytes) / Double(news.total_bytes)
        let fraction =
            switch (news.is_download, hasDownloaded) {
            case (true, _): done * Self.downloadShare
            case (false, true): Self.downloadShare + done * (1 - Self.downloadShare)
            case (false, false): done
            }
        return Int64(min(1, fraction) * Double(Self.units))
    }
}
