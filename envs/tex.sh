#!/bin/sh
# Succeeds where there is a TeX that can build the paper. Installs one on Debian and Ubuntu when run as root;
# elsewhere says which command would.
set -eu
packages="latexmk texlive-latex-recommended texlive-fonts-recommended lmodern"

if command -v latexmk >/dev/null && command -v pdflatex >/dev/null && kpsewhich lmodern.sty natbib.sty microtype.sty >/dev/null; then
    exit 0
fi
install="apt-get install --no-install-recommends $packages"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing TeX: $install"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -yqq >/dev/null
elif command -v apt-get >/dev/null; then
    echo "The PDF needs TeX. Everything else is built without it. Install it with: sudo $install" >&2
    exit 1
else
    echo "The PDF needs TeX. Everything else is built without it. Install TeX Live with latexmk." >&2
    exit 1
fi
