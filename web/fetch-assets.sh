#!/bin/sh
# Fetches the browser's libraries and fonts (see package-lock.json) into the package. Without npm, or offline, the pages
# still work: links and forms in place of htmx, the system's fonts in place of these.
set -eu
cd "$(dirname "$0")"
vendor=../src/frontrow/web/static/vendor
if [ -f "$vendor/.lock" ] && cmp -s package-lock.json "$vendor/.lock"; then
    exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "assets: npm was not found; the pages will do without htmx and fonts (install Node.js and run 'make assets')" >&2
    exit 0
fi
if ! npm ci --silent --ignore-scripts; then
    echo "assets: npm could not fetch the browser's libraries; the pages will do without them" >&2
    exit 0
fi
rm -rf "$vendor"
mkdir -p "$vendor"
cp node_modules/htmx.org/dist/htmx.min.js node_modules/hls.js/dist/hls.min.js "$vendor/"
cp node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2 "$vendor/inter.woff2"
cp node_modules/@fontsource/oswald/files/oswald-latin-600-normal.woff2 "$vendor/oswald.woff2"
cp node_modules/@fontsource/playfair-display/files/playfair-display-latin-800-normal.woff2 "$vendor/playfair.woff2"
cat node_modules/htmx.org/LICENSE node_modules/hls.js/LICENSE node_modules/@fontsource-variable/inter/LICENSE node_modules/@fontsource/oswald/LICENSE \
    node_modules/@fontsource/playfair-display/LICENSE > "$vendor/LICENSES.txt"
cp package-lock.json "$vendor/.lock"
echo "assets: fetched into src/frontrow/web/static/vendor" >&2
