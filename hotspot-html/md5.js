// MD5 of a string whose code units are bytes (0 to 255); text goes through UTF-8 first.
// RouterOS compares CHAP answers as lower-case hex.
function md5(s){
var K='d76aa478e8c7b756242070dbc1bdceeef57c0faf4787c62aa8304613fd469501698098d88b44f7afffff5bb1895cd7be6b901122fd987193a679438e49b40821f61e2562c040b340265e5a51e9b6c7aad62f105d02441453d8a1e681e7d3fbc821e1cde6c33707d6f4d50d87455a14eda9e3e905fcefa3f8676f02d98d2a4c8afffa39428771f6816d9d6122fde5380ca4beea444bdecfa9f6bb4b60bebfbc70289b7ec6eaa127fad4ef308504881d05d9d4d039e6db99e51fa27cf8c4ac5665f4292244432aff97ab9423a7fc93a039655b59c38f0ccc92ffeff47d85845dd16fa87e4ffe2ce6e0a30143144e0811a1f7537e82bd3af2352ad7d2bbeb86d391',
S=[7,12,17,22,5,9,14,20,4,11,16,23,6,10,15,21],H=[0x67452301,0xefcdab89|0,0x98badcfe|0,0x10325476],
w=[],n=s.length,m=((n+8>>6)+1)*16,i,j,r,a,b,c,d,f,g,t,x='';
for(i=0;i<m;i++)w[i]=0;
for(i=0;i<n;i++)w[i>>2]|=(s.charCodeAt(i)&255)<<i%4*8;
w[n>>2]|=128<<n%4*8;
w[m-2]=n*8;
for(i=0;i<m;i+=16){
a=H[0];b=H[1];c=H[2];d=H[3];
for(j=0;j<64;j++){
r=j>>4;
if(r===0){f=d^b&(c^d);g=j}
else if(r===1){f=c^d&(b^c);g=5*j+1}
else if(r===2){f=b^c^d;g=3*j+5}
else{f=c^(b|~d);g=7*j}
f=f+a+parseInt(K.substr(j*8,8),16)+w[i+g%16]|0;
t=S[r*4+j%4];
a=d;d=c;c=b;b=b+(f<<t|f>>>32-t)|0
}
H[0]=H[0]+a|0;H[1]=H[1]+b|0;H[2]=H[2]+c|0;H[3]=H[3]+d|0
}
for(i=0;i<16;i++){a=H[i>>2]>>>i%4*8&255;x+=(a<16?'0':'')+a.toString(16)}
return x
}
