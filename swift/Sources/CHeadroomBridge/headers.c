// SwiftPM builds a C target from sources; this one has headers only.
#include "SwiftBridgeCore.h"
