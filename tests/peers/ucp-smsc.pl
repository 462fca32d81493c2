#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# ucp-smsc.pl - a message centre of EMI/UCP that shares nothing with the gateway.
# No registry has one of others; so frames are cut, summed and read here anew from what the
# protocol says, texts by Encode, and all that is not as it is to be is a problem. It is for
# the octets: what else a centre may do is smsc-sim's.
#
#     perl tests/peers/ucp-smsc.pl [FLAG VALUE]...
#
# Prints "READY ucp=PORT"; SIGTERM and SIGINT print what it saw as one line of JSON, with the
# members that smpp-smsc.js has, and end it. To who logs in it sends --inbound-count messages:
# short and long ones, in GSM 7-bit and UCS-2 in turn.
use strict;
use warnings;
use Encode qw(decode encode);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;

my %options = ('--ucp' => 0, '--account' => 'shop:secret', '--inbound-count' => 0,
	'--inbound-from' => '447700900001', '--inbound-to' => '12345');
while (@ARGV) {
	my ($flag, $value) = splice @ARGV, 0, 2;
	die "ucp-smsc.pl: no such flag, or no value: $flag\n" unless exists $options{$flag} && defined $value;
	$options{$flag} = $value;
}

# The fields of 51, 52 and 53, by their place.
my @names = qw(AdC OAdC AC NRq NAdC NT NPID LRq LRAd LPID DD DDT VP RPID SCTS Dst Rsn DSCTS MT NB Msg
	MMS PR DCs MCLs RPI CPg RPLy OTOA HPLMN XSer RES4 RES5);
my %saw = (submits => 0, binds => 0, binds_refused => 0, enquiries => 0, doubles => 0, receipts_sent => 0,
	receipts_acked => 0, inbound_sent => 0, inbound_acked => 0, messages => [], inbound => [], problems => []);
my (%open, %seen, %sessions);
my ($seconds, $begun, $ended) = (0, 0, 0);
$SIG{PIPE} = 'IGNORE';
$SIG{TERM} = $SIG{INT} = sub { $ended = 1 };
$SIG{__WARN__} = sub { problem(shift) };

sub problem { push @{$saw{problems}}, shift if @{$saw{problems}} < 100 }

sub frame {
	my ($trn, $kind, $operation, @fields) = @_;
	my $data = join '', map { "$_/" } @fields;
	my $body = sprintf '%02d/%05d/%s/%02d/%s', $trn, 14 + length($data) + 2, $kind, $operation, $data;
	return sprintf "\x02%s%02X\x03", $body, unpack('%32C*', $body) % 256;
}

sub hex_of { return uc unpack 'H*', shift }
sub octets {
	my ($name, $hex) = @_;
	problem("$name is not pairs of hexadecimal digits: $hex") unless $hex =~ /^(?:[0-9A-F]{2})*$/;
	return pack 'H*', $hex;
}

# A name: how many semi-octets are used, then septets in octets, low bits first.
sub name_of {
	my $octets = octets('OAdC', shift);
	my ($length, $packed) = unpack 'C a*', $octets;
	problem("a sender of $length semi-octets in " . length($packed) . ' octets') if int(($length + 1) / 2) != length $packed;
	my $bits = unpack 'b*', $packed;
	my @septets = map { ord pack 'b8', "$_" . '0' } $bits =~ /(.{7})/g;
	return decode('gsm0338', pack 'C*', @septets[0 .. int($length * 4 / 7) - 1]);
}

sub services { # {TYPE} of XSer
	my ($octets, %services) = octets('XSer', shift);
	while (length $octets) {
		my ($type, $value) = unpack 'C C/a', $octets;
		my $length = 2 + length($value // '');
		problem('XSer ends within a service') if length($octets) < 2 || length($octets) < 2 + unpack 'x C', $octets;
		$services{$type} = $value;
		substr $octets, 0, $length, '';
	}
	return %services;
}

sub note_submit {
	my %field = @_;
	my %services = services($field{XSer});
	my $octets = octets('Msg', $field{Msg});
	my $dcs = defined $services{2} ? ord $services{2} : undef;
	problem("type of message $field{MT} to $field{AdC}") unless "$field{MT} $field{AdC}" =~ /^[34] \d{1,16}$/;
	problem("$field{NB} bits in " . length($octets) . ' octets') if $field{MT} eq '4' ? $field{NB} ne sprintf '%04d', 8 * length $octets : $field{NB};
	problem('no wish for notifications') unless "$field{NRq}$field{NT}" =~ /^1[37]$/;
	my $text = $field{MT} eq '3' ? decode('gsm0338', $octets)
	    : defined $dcs && $dcs == 8 ? decode('UTF-16BE', $octets) : 'hex:' . unpack 'H*', $octets;
	my ($part, $parts, $key) = (1, 1, '');
	if (defined $services{1}) {
		my $header = $services{1};
		problem('a header that is not of a long message') unless $header =~ /^\x05\x00\x03(.)(.)(.)$/s;
		($key, $parts, $part) = ("$field{AdC} " . ord $1, ord $2, ord $3);
		problem(length($octets) . ' octets in a part') if length $octets > ($field{MT} eq '3' ? 153 : 134);
	}
	$saw{submits}++;
	$saw{doubles}++ if $seen{"$field{AdC} $part $field{Msg}"}++;
	my $whole = $open{$key} = $key ? $open{$key} || [] : [];
	$whole->[$part - 1] = $text;
	return if grep { !defined $whole->[$_] } 0 .. $parts - 1;
	delete $open{$key};
	my $sender = $field{OTOA} eq '5039' ? name_of($field{OAdC}) : ($field{OTOA} eq '1139' ? '+' : '') . $field{OAdC};
	push @{$saw{messages}}, { sender => $sender, recipient => $field{AdC} =~ s/^00//r, text => join('', @$whole), parts => $parts };
}

# A time stamp of its own for each message: ids are the recipient and that.
sub stamp { $seconds++; return sprintf '271126%02d%02d%02d', $seconds / 3600, $seconds / 60 % 60, $seconds % 60 }

sub operation {
	my ($session, $name, $operation, %field) = @_;
	my $trn = $session->{trn}++ % 100;
	$session->{awaited}{"$trn $operation"} = $name;
	$saw{"${name}_sent"}++;
	syswrite $session->{socket}, frame($trn, 'O', $operation, map { $field{$_} // '' } @names);
}

sub send_inbound {
	my ($session, $n) = @_;
	my $wide = $n % 2 == 0;
	my $text = $wide ? "\x{432}\x{445}\x{43E}\x{434} $n \x{1F600} " : "inbound $n: \x{40}\x{A3}\$ [\x{20AC}] ";
	my ($pieces, $each) = $n % 4 == 1 ? (1, $text) : (3, $text x 4);
	push @{$saw{inbound}}, { text => $each x $pieces };
	my $octets = encode($wide ? 'UTF-16BE' : 'gsm0338', $each);
	for my $i (1 .. $pieces) {
		operation($session, 'inbound', 52, AdC => $options{'--inbound-to'}, OAdC => $options{'--inbound-from'}, OTOA => '1139',
			SCTS => stamp(), MT => $wide ? 4 : 3, NB => $wide ? sprintf('%04d', 8 * length $octets) : '', Msg => hex_of($octets),
			XSer => ($pieces > 1 ? hex_of(pack 'C*', 1, 6, 5, 0, 3, $n, $pieces, $i) : '') . ($wide ? '020108' : ''));
	}
}

my %reactions = (
	60 => sub {
		my ($session, $trn, @fields) = @_;
		problem('60 has ' . @fields . ' fields') if @fields != 12;
		my ($id, $password) = split /:/, $options{'--account'};
		if ($fields[0] ne $id || octets('PWD', $fields[4]) ne $password || $fields[3] ne '1' || $fields[6] ne '0100') {
			$saw{binds_refused}++;
			return syswrite $session->{socket}, frame($trn, 'R', 60, 'N', '07', 'Authentication failure');
		}
		$session->{bound} = ++$saw{binds};
		syswrite $session->{socket}, frame($trn, 'R', 60, 'A', 'BIND AUTHENTICATED');
		send_inbound($session, ++$begun) while $begun < $options{'--inbound-count'};
	},
	31 => sub {
		my ($session, $trn, @fields) = @_;
		problem("31 says @fields") if @fields != 2 || $fields[1] !~ /^\d{4}$/;
		$saw{enquiries}++;
		syswrite $session->{socket}, frame($trn, 'R', 31, 'A', '0000');
	},
	51 => sub {
		my ($session, $trn, @fields) = @_;
		problem('51 outside of a session') unless $session->{bound};
		problem('51 has ' . @fields . ' fields') if @fields != @names;
		my ($at, %field) = stamp();
		@field{@names} = @fields;
		note_submit(%field);
		syswrite $session->{socket}, frame($trn, 'R', 51, 'A', '', "$field{AdC}:$at");
		operation($session, 'receipts', 53, AdC => $field{OTOA} eq '5039' ? '' : $field{OAdC}, OAdC => $field{AdC}, SCTS => $at,
			Dst => 0, Rsn => '000', DSCTS => $at, MT => 3, Msg => hex_of('Message delivered'));
	},
);

sub on_frame {
	my ($session, $body) = @_;
	my ($trn, $length, $kind, $operation, $data, $sum) = $body =~ m{^(\d\d)/(\d{5})/([OR])/(\d\d)/(.*/)([0-9A-F]{2})$}s
		or return problem("a frame that is none: $body");
	problem("length $length of " . length $body) if $length != length $body;
	problem("checksum $sum") if hex $sum != unpack('%32C*', substr $body, 0, -2) % 256;
	my @fields = split m{/}, $data, -1;
	pop @fields;
	if ($kind eq 'O') {
		my $react = $reactions{$operation} or return problem("operation $operation");
		return $react->($session, $trn, @fields);
	}
	my $name = delete $session->{awaited}{($trn + 0) . " $operation"} or return problem("a result of nothing: $body");
	return problem("$name is refused: $data") if $fields[0] ne 'A';
	$saw{"${name}_acked"}++;
}

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $options{'--ucp'}, Listen => 5, ReuseAddr => 1)
	or die "ucp-smsc.pl: cannot listen: $!\n";
$| = 1;
print 'READY ucp=', $listener->sockport, "\n";
until ($ended) {
	for my $ready (IO::Select->new($listener, map { $_->{socket} } values %sessions)->can_read) {
		if ($ready == $listener) {
			my $socket = $listener->accept or next;
			$sessions{fileno $socket} = { socket => $socket, octets => '', trn => 0, awaited => {} };
			next;
		}
		my $session = $sessions{fileno $ready} or next;
		if (!sysread $ready, $session->{octets}, 65536, length $session->{octets}) {
			problem('closed within a frame') if length delete($sessions{fileno $ready})->{octets};
			next;
		}
		on_frame($session, $1) while $session->{octets} =~ s/^\x02([^\x02\x03]*)\x03//;
		problem('octets between frames') if $session->{octets} =~ /^[^\x02]/;
	}
}
$saw{incomplete} = keys %open;
print JSON::PP->new->ascii->canonical->encode(\%saw), "\n";
