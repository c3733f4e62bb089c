// swift-tools-version: 6.0
import Foundation
import PackageDescription

// On Apple systems the Rust core comes as `Headroom.xcframework`, which `make xcframework` builds; on
// Linux it is the static library that Cargo builds, with MLX's and OpenBLAS's shared libraries.
#if os(Linux)
let environment = Context.environment
let library = environment["HEADROOM_LIB_DIR"] ?? Context.packageDirectory + "/target/release"
let mlx = environment["HEADROOM_MLX_LIB_DIR"] ?? Context.packageDirectory + "/target/mlx/wheel/mlx/lib"
let core: [Target] = []
let coreDependencies: [Target.Dependency] = ["CHeadroomBridge"]
let linked: [LinkerSetting] = [
    .unsafeFlags([
        "-L\(library)", "-L\(mlx)", "-Xlinker", "-rpath", "-Xlinker", mlx,
        // OpenBLAS stands before MLX, so that its products are the ones found.
        "-Xlinker", "--no-as-needed", "-Xlinker", "-l:libopenblas.so.0",
        // Debian's libswiftObservation leaves a symbol to be found by nobody.
        "-Xlinker", "--allow-shlib-undefined",
    ]),
    .linkedLibrary("headroom"),
    .linkedLibrary("mlx"),
    .linkedLibrary("stdc++"),
]
#else
let core: [Target] = [.binaryTarget(name: "HeadroomCore", path: "target/xcframework/Headroom.xcframework")]
let coreDependencies: [Target.Dependency] = ["CHeadroomBridge", "HeadroomCore"]
let linked: [LinkerSetting] = [
    .linkedFramework("Accelerate"),
    .linkedFramework("CoreFoundation"),
    .linkedFramework("Foundation"),
    .linkedFramework("Metal"),
    .linkedFramework("Security"),
    .linkedLibrary("c++"),
    .linkedLibrary("objc"),
]
#endif

// MLX's compiled Metal kernels, put here by `make xcframework`.
let resources = Context.packageDirectory + "/swift/Sources/Headroom/Resources"
let hasMetalLibraries = FileManager.default.fileExists(atPath: resources)

let package = Package(
    name: "Headroom",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "Headroom", targets: ["Headroom"])],
    targets: core + [
        .target(name: "CHeadroomBridge", path: "swift/Sources/CHeadroomBridge"),
        .target(
            name: "HeadroomBridge",
            dependencies: coreDependencies,
            path: "swift/Sources/HeadroomBridge",
            linkerSettings: linked
        ),
        .target(
            name: "Headroom",
            dependencies: ["HeadroomBridge"],
            path: "swift/Sources/Headroom",
            resources: hasMetalLibraries ? [.copy("Resources")] : [],
            swiftSettings: hasMetalLibraries ? [.define("HEADROOM_METAL_LIBRARIES")] : []
        ),
        .testTarget(name: "HeadroomTests", dependencies: ["Headroom"], path: "swift/Tests/HeadroomTests"),
    ]
)
