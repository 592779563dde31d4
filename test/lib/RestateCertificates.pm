package RestateCertificates;

# Certificates for servers of this machine, made anew by openssl.

use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(make_certificates);

# Makes them in a directory, which is returned: NAME.pem and NAME.key of an authority,
# ca, and of what it has signed: good, for localhost and 127.0.0.1; expired; other, for
# another host.  self is signed by itself.
sub make_certificates
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';

	openssl('req', '-x509', new_key("$dir/ca"), '-days', 30, '-subj', '/CN=test authority');
	openssl('req', '-x509', new_key("$dir/self"), '-days', 30, '-subj', '/CN=localhost', '-addext', $names);
	certify($dir, 'good', $names, '-days', 30);
	certify($dir, 'other', 'subjectAltName=DNS:elsewhere.invalid,IP:127.0.0.2', '-days', 30);
	certify($dir, 'expired', $names, '-days', -1);
	return $dir;
}

# Makes a certificate that ca has signed.
sub certify
{
	my ($dir, $name, $extension, @days) = @_;

	PostgreSQL::Test::Utils::append_to_file("$dir/$name.ext", "$extension\n");
	openssl('req', '-new', new_key("$dir/$name", 'csr'), '-subj', "/CN=$name");
	openssl('x509', '-req', '-in', "$dir/$name.csr", '-CA', "$dir/ca.pem", '-CAkey', "$dir/ca.key", '-CAcreateserial',
		'-out', "$dir/$name.pem", '-extfile', "$dir/$name.ext", @days);
	return;
}

# Returns what has openssl make a key, and put what it is for beside it.
sub new_key
{
	my ($path, $kind) = @_;

	return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', "$path.key", '-out', $path . '.' . ($kind // 'pem'));
}

# Runs openssl.
sub openssl
{
	my @arguments = @_;
	my $errors = '';

	IPC::Run::run([ 'openssl', @arguments ], '<', \undef, '>', \my $out, '2>', \$errors) or die "openssl: $errors";
	return;
}

1;
