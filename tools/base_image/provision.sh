#!/bin/sh
# Turns a fresh Debian or Ubuntu root into vibetui's base image: the user, the workspace, a
# friendly shell. Runs inside that root (chroot or image build), after the packages are in.
set -eu
umask 022

groupadd --gid 1000 dev
useradd --uid 1000 --gid 1000 --create-home --shell /bin/bash dev
install -d -o 1000 -g 1000 /workspace

# Debian has no `python` of its own.
[ -e /usr/bin/python ] || ln -s python3 /usr/bin/python

cat > /etc/gitconfig <<'EOF'
[safe]
	directory = *
[init]
	defaultBranch = main
[color]
	ui = auto
EOF

cat > /etc/vibetui.bashrc <<'EOF'
# Interactive shells of the development container.
case $- in *i*) ;; *) return ;; esac
shopt -s checkwinsize histappend
HISTCONTROL=ignoreboth HISTSIZE=10000 HISTFILESIZE=20000
eval "$(dircolors -b)"
alias ls='ls --color=auto' ll='ls -l' la='ls -A' grep='grep --color=auto'
if [ "$(id -u)" = 0 ]; then
    PS1='\[\e[1;31m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]# '
else
    PS1='\[\e[1;32m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
fi
EOF
for home in /root /home/dev; do
    echo '. /etc/vibetui.bashrc' > "$home/.bashrc"
    printf '%s\n' '[ -z "$BASH_VERSION" ] || . "$HOME/.bashrc"' \
        '[ ! -d "$HOME/.local/bin" ] || PATH="$HOME/.local/bin:$PATH"' > "$home/.profile"
done
rm -f /home/dev/.bash_logout
chown 1000:1000 /home/dev/.bashrc /home/dev/.profile

# The mirror that built the image is nobody else's business, and a session can't install as root.
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/cache/ldconfig/* \
    /var/lib/dpkg/*-old /var/log/*.log /var/log/apt/* /tmp/* /var/tmp/* /etc/machine-id \
    /usr/share/doc/* /usr/share/man/* /usr/share/info/*
: > /etc/machine-id
